"""SQL tables, migrations, spool and journal."""
