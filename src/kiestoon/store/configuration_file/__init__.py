"""A company as a file: export, difference, and applying one, all or nothing (ORG-21).

The file names rows by what people know them by (``shapes``), leaves out ids, secrets and defaults, and is compared with
the company as a document of plain values. ``steps`` turns the difference into an order of writes, ``applying`` does
them through ``store.write`` in one transaction.
"""
