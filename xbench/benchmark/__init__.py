"""From a task to its records: what is to be run, by which workers, explained and scored."""
