"""Data that come inside packages or are computed: a source a file, read when it is asked for, nothing downloaded."""
