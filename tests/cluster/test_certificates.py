"""TLS: certificates of a lab's file are looked at first, and whoever has none is kept out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from xbench.cluster import connect
from xbench.cluster.cluster_choice import Certificates, ClusterChoice
from xbench.cluster.cluster_place import ClusterPlace
from xbench.errors import XbenchError

from ..benchmark.workbench import lasting, stored
from .programs import programs_in

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl, which makes certificates, is not installed"
)
CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, ``lab`` and ``other``, and a certificate by each; a locked key."""
    folder = tmp_path_factory.mktemp("keys")
    for who in ("lab", "other"):
        ours = ["-keyout", f"{who}-ca-key.pem", "-out", f"{who}-ca.pem", "-days", "2"]
        openssl(folder, "req", "-x509", *CURVE, *ours, "-subj", f"/CN={who} authority")
        ours = ["-keyout", f"{who}-key.pem", "-out", f"{who}.csr"]
        openssl(folder, "req", *CURVE, *ours, "-subj", f"/CN={who}")
        signed = ["-CA", f"{who}-ca.pem", "-CAkey", f"{who}-ca-key.pem", "-CAcreateserial"]
        ours = ["-in", f"{who}.csr", "-out", f"{who}.pem", "-days", "2"]
        openssl(folder, "x509", "-req", *ours, *signed)
    locked = ["-in", "lab-key.pem", "-out", "locked-key.pem", "-aes128", "-passout", "pass:secret"]
    openssl(folder, "ec", *locked)
    return folder


def tls_of(keys: Path, who: str = "lab", **other: str) -> Certificates:
    names = {"ca": f"{who}-ca.pem", "certificate": f"{who}.pem", "key": f"{who}-key.pem", **other}
    return Certificates(**{role: keys / name for role, name in names.items()})


def test_certificates_that_belong_together_are_taken(keys: Path) -> None:
    tls_of(keys).check()
    tls_of(keys, "other").check()


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ({"ca": "nothing.pem"}, "tls.ca: .*nothing.pem: cannot be read .No such file"),
        ({"key": "nothing.pem"}, "tls.key: .*nothing.pem: cannot be read"),
        ({"ca": "lab-key.pem"}, "tls.ca: .*lab-key.pem: holds no certificate"),
        ({"certificate": "lab-key.pem"}, "are not a certificate and its private key"),
        ({"key": "other-key.pem"}, "are not a certificate and its private key"),
        ({"key": "locked-key.pem"}, "without a passphrase"),
    ],
    ids=["no ca", "no key", "key as ca", "key as certificate", "other key", "locked"],
)
def test_what_does_not_belong_together_is_refused_before_anything_starts(
    other: dict[str, str], what: str, keys: Path
) -> None:
    choice = ClusterChoice(kind="local", tls=tls_of(keys, **other))
    with pytest.raises(XbenchError, match=what):
        ClusterPlace(choice)


def test_paths_are_relative_to_the_file_and_addresses_are_of_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    tls = "tls: {ca: ca.pem, certificate: ../me.pem, key: ~/me-key.pem}\n"
    (tmp_path / "lab.yml").write_text(f"kind: address\naddress: head:8786\n{tls}")
    choice = ClusterChoice.of(str(tmp_path / "lab.yml"))
    assert choice.address == "tls://head:8786"
    assert choice.tls is not None
    assert choice.tls.ca == tmp_path / "ca.pem"
    assert choice.tls.certificate == tmp_path / "../me.pem"
    assert choice.tls.key == Path("/home/me/me-key.pem")
    (tmp_path / "lab.yml").write_text(f"kind: address\naddress: tcp://head:8786\n{tls}")
    with pytest.raises(XbenchError, match="has certificates is at tls://, not tcp://head"):
        ClusterChoice.of(str(tmp_path / "lab.yml"))


def test_who_has_no_certificate_of_the_authority_is_refused(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_CONNECT_SECONDS", 2)
    local = ClusterChoice(kind="local", jobs=1, tls=tls_of(keys))
    monkeypatch.setattr(connect, "LocalCluster", without_workers(connect.LocalCluster))
    with connect.connected(local) as connection:
        address = connection.client.scheduler.address
        assert address.startswith("tls://")
        host = address.partition("://")[2]
        theirs = [
            (ClusterChoice(kind="address", address=address), "it wants certificates"),
            (ClusterChoice(kind="address", address=f"tcp://{host}"), "it is at tls://"),
            (ClusterChoice(kind="address", address=host), "it is at tls://"),
            (with_tls(address, tls_of(keys, "other")), "of the same authority"),
            (with_tls(address, tls_of(keys, "other", ca="lab-ca.pem")), "of the same authority"),
        ]
        for choice, advice in theirs:
            with pytest.raises(XbenchError, match="cannot be reached") as caught:
                connect.connected(choice).__enter__()
            assert advice in str(caught.value)
            assert "\n" not in str(caught.value)
        with connect.connected(with_tls(address, tls_of(keys))) as mine:
            assert mine.client.status == "running"


def with_tls(address: str, tls: Certificates) -> ClusterChoice:
    return ClusterChoice(kind="address", address=address, tls=tls)


def without_workers(local_cluster: type) -> object:
    """Start the scheduler alone: it is what a client talks to."""
    return lambda **options: local_cluster(**{**options, "n_workers": 0})


def lab_file(folder: Path, address: str, tls: Certificates) -> str:
    lines = ["kind: address", f"address: {address}", "tls:"]
    lines += [f"  {role}: {path}" for role, path in tls]
    (folder / "lab.yml").write_text("\n".join(lines))
    return str(folder / "lab.yml")


@pytest.mark.slow
def test_runs_over_tls_are_those_of_here_and_strangers_are_kept_out(
    keys: Path, words: list[str], here: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    tls = tls_of(keys)
    flags = ["--tls-ca-file", str(tls.ca), "--tls-cert", str(tls.certificate)]
    flags += ["--tls-key", str(tls.key)]
    with programs_in(tmp_path) as programs:
        scheduler, address = programs.scheduler("--protocol", "tls", *flags)
        assert address.startswith("tls://")
        stranger = programs.worker(address, "--death-timeout", "5", name="stranger")
        plain = f"tcp://{address.partition('://')[2]}"
        outsider = programs.worker(plain, "--death-timeout", "5", name="outsider")
        programs.worker(address, *flags)
        lab = lab_file(tmp_path, address, tls)
        driver = programs.start("driver", "xbench", *words, "--cluster", lab, "--store", "there")
        assert driver.code() == 0, driver.said()
        refused = programs.start("refused", "xbench", *words, "--cluster", address, "--store", "no")
        assert refused.code() == 2
        assert "it wants certificates" in refused.said().splitlines()[-1]
        assert "Traceback" not in refused.said()
        assert stranger.code() != 0
        assert outsider.code() != 0
        check = ("cluster", "check", "--cluster", lab, "--wait", "1")
        checked = programs.start("check", "xbench", *check)
        assert checked.code() == 0, checked.said()
        assert "1 worker is fit for runs" in checked.said()
        assert scheduler.process.poll() is None
    assert lasting(stored(tmp_path / "there")) == here
