"""Files that xbench gets from the network: registered, resumed, checked before they are read."""
