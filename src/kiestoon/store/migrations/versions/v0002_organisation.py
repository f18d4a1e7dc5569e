"""The whole organisation: extensions of every type, schedules, number plans, reachability, rights, codes.

The tables of 0001 are made anew, with what was in them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEPT = ("companies", "locations", "departments", "users", "devices", "trunks", "numbers", "menus")
_NAME = 80  # characters; the first layout took 255


def upgrade() -> None:
    """Put the first layout's rows into the new tables."""
    connection = op.get_bind()
    rows = {name: _read(connection, name) for name in _KEPT}
    for name in reversed(_KEPT):
        op.drop_table(name)
    _create_all()
    owners = {(row["company_id"], row["extension"]): name for name in ("menus", "users") for row in rows[name]}
    _clear_dangling(rows, owners)
    _tell_apart(rows["locations"], ())
    _tell_apart(rows["departments"], ("location_id",))
    parents = {row["id"]: row["parent_id"] for row in rows["departments"] if row["parent_id"] is not None}
    for row in rows["departments"]:
        row["parent_id"] = None  # it may come later in the list
    _write(connection, "companies", rows["companies"])
    _write(
        connection,
        "extensions",
        [{"company_id": company, "number": number, "table_name": name} for (company, number), name in owners.items()],
    )
    for name in _KEPT[1:]:
        _write(connection, name, rows[name])
    for department, parent in parents.items():
        connection.execute(
            sa.text("UPDATE departments SET parent_id = :parent WHERE id = :id"), {"parent": parent, "id": department}
        )
    _never_reuse_ids(connection)
    with op.batch_alter_table("changes") as changes:
        changes.add_column(sa.Column("before", sa.JSON(), nullable=True))
        changes.add_column(sa.Column("acting_for", sa.String(length=255), server_default="", nullable=False))


def _never_reuse_ids(connection: sa.Connection) -> None:
    """The first layout's ids could be given again; what the audit trail speaks of counts too."""
    for name in _KEPT:
        query = f"SELECT COALESCE(MAX(id), 0) FROM (SELECT id FROM {name} UNION SELECT row_id FROM changes WHERE table_name = '{name}') AS given"  # noqa: E501, S608 - our own names
        last = connection.execute(sa.text(query)).scalar_one()
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT setval('{name}_id_seq', {last + 1}, false)"))
            continue
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), {"name": name, "last": last}
        )


def _read(connection: sa.Connection, name: str) -> list[dict[str, Any]]:
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    query = sa.select(table).order_by(table.c.id)
    return [dict(row._mapping) for row in connection.execute(query)]


def _clear_dangling(rows: dict[str, list[dict[str, Any]]], owners: dict[tuple[int, str], str]) -> None:
    """The first layout let numbers and menus name extensions that nobody has."""
    for table, field in (("numbers", "extension"), ("menus", "fallback_extension")):
        for row in rows[table]:
            if (row["company_id"], row[field]) not in owners:
                row[field] = None


def _tell_apart(rows: list[dict[str, Any]], within: tuple[str, ...]) -> None:
    """The first layout let two of a company have one name: the later ones get a number."""
    taken: set[tuple[Any, ...]] = set()
    for row in rows:
        name, count = row["name"][:_NAME], 1
        while (key := (row["company_id"], *(row[field] for field in within), name)) in taken:
            count += 1
            mark = f" ({count})"
            name = row["name"][: _NAME - len(mark)] + mark
        taken.add(key)
        row["name"] = name


def _write(connection: sa.Connection, name: str, rows: list[dict[str, Any]]) -> None:
    """Rows with the values that new fields begin with; names that are too long now are cut."""
    if not rows:
        return
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    for row in rows:
        if isinstance(row.get("name"), str):
            row["name"] = row["name"][:_NAME]
    connection.execute(table.insert(), [{**_defaults(name), **row} for row in rows])


_DEFAULTS: dict[str, dict[str, Any]] = {
    "companies": {
        "account": None,
        "timezone": "Europe/Amsterdam",
        "caller_number": "",
        "max_diversions": 10,
        "blocked": [],
        "connected_privacy": "none",
        "forwarded_signal": "never",
        "contact_email": "",
        "version": 1,
    },
    "locations": {
        "region": "",
        "caller_number": "",
        "caller_name": "",
        "caller_name_for_users": False,
        "forward": "off",
        "forward_to_kind": "none",
        "forward_to_extension": None,
        "forward_to_number": "",
        "version": 1,
    },
    "departments": {"version": 1},
    "users": {
        "profile": "fixed",
        "mobile_number": "",
        "in_directory": True,
        "caller_name": "",
        "hide_connected": False,
        "dynamic_numbers": [],
        "connected_privacy": "company",
        "forwarded_signal": "company",
        "blocked": [],
        "blocklist": [],
        "do_not_disturb": False,
        "do_not_disturb_reminder": False,
        "reject_anonymous": False,
        "follows_location_forward": True,
        "notify_email": "",
        "hide_line": False,
        "may_configure_time": False,
        "may_see_own_recordings": False,
        "may_see_all_recordings": False,
        "is_supervisor": False,
        "version": 1,
    },
    "devices": {"kind": "fixed", "version": 1},
    "numbers": {"department_id": None, "version": 1},
    "menus": {"location_id": None, "department_id": None, "caller_name": "", "in_directory": True, "version": 1},
    "trunks": {"version": 1},
}


def _defaults(name: str) -> dict[str, Any]:
    return _DEFAULTS.get(name, {})


def _create_all() -> None:
    _create_companies()
    _create_extensions()
    _create_feature_codes()
    _create_privacy_groups()
    _create_service_packs()
    _create_trunks()
    _create_forwards()
    _create_locations()
    _create_privacy_grants()
    _create_privacy_members()
    _create_departments()
    _create_number_schemes()
    _create_pack_assignments()
    _create_call_limits()
    _create_forward_extensions()
    _create_group_extensions()
    _create_hunt_groups()
    _create_location_routings()
    _create_menus()
    _create_number_plans()
    _create_numbers()
    _create_time_routings()
    _create_users()
    _create_alternate_numbers()
    _create_call_classes()
    _create_devices()
    _create_group_members()
    _create_holidays()
    _create_hunt_members()
    _create_line_permissions()
    _create_location_routes()
    _create_plan_mappings()
    _create_plan_overrides()
    _create_plan_periods()
    _create_presences()
    _create_reach_profiles()
    _create_reach_statuses()
    _create_schedules()
    _create_status_forwards()
    _create_time_routes()
    _create_plan_holidays()
    _create_reach_cells()
    _create_reach_overrides()
    _create_rules()


def _create_companies() -> None:
    op.create_table(
        "companies",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("account", sa.String(length=32), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("area_code", sa.String(length=8), nullable=False),
        sa.Column("access_code", sa.String(length=3), nullable=False),
        sa.Column("extension_digits", sa.Integer(), nullable=False),
        sa.Column("emergency_number", sa.String(length=16), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("encryption", sa.String(length=24), nullable=False),
        sa.Column("music_path", sa.String(length=255), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("max_diversions", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.JSON(), nullable=False),
        sa.Column("connected_privacy", sa.String(length=24), nullable=False),
        sa.Column("forwarded_signal", sa.String(length=24), nullable=False),
        sa.Column("contact_email", sa.String(length=254), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("account", name=op.f("uq_companies_account")),
        sa.UniqueConstraint("domain", name=op.f("uq_companies_domain")),
        sqlite_autoincrement=True,
    )


def _create_extensions() -> None:
    op.create_table(
        "extensions",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=15), nullable=False),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_extensions_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("company_id", "number", name=op.f("pk_extensions")),
    )


def _create_feature_codes() -> None:
    op.create_table(
        "feature_codes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("feature", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_feature_codes_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feature_codes")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_feature_codes_company_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feature_codes_company_id"), "feature_codes", ["company_id"], unique=False)


def _create_privacy_groups() -> None:
    op.create_table(
        "privacy_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_privacy_groups_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_groups")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_privacy_groups_company_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_privacy_groups_company_id"), "privacy_groups", ["company_id"], unique=False)


def _create_service_packs() -> None:
    op.create_table(
        "service_packs",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("licences", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_service_packs_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_packs")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_service_packs_company_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_packs_company_id"), "service_packs", ["company_id"], unique=False)


def _create_trunks() -> None:
    op.create_table(
        "trunks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("transport", sa.String(length=24), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("max_calls", sa.Integer(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("srtp", sa.String(length=24), nullable=False),
        sa.Column("number_format", sa.String(length=24), nullable=False),
        sa.Column("expires_s", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_trunks_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trunks")),
        sa.UniqueConstraint("name", name=op.f("uq_trunks_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_trunks_company_id"), "trunks", ["company_id"], unique=False)


def _create_forwards() -> None:
    op.create_table(
        "forwards",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("case", sa.String(length=24), nullable=False),
        sa.Column("own_number", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("voicemail", sa.Boolean(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("ring_reminder", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_forwards_to")),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_forwards_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_forwards_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_forwards_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forwards")),
        sa.UniqueConstraint(
            "company_id",
            "extension",
            "case",
            "own_number",
            name=op.f("uq_forwards_company_id_extension_case_own_number"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_forwards_company_id"), "forwards", ["company_id"], unique=False)


def _create_locations() -> None:
    op.create_table(
        "locations",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("area_code", sa.String(length=8), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("caller_name_for_users", sa.Boolean(), nullable=False),
        sa.Column("forward", sa.String(length=24), nullable=False),
        sa.Column("forward_to_kind", sa.String(length=16), nullable=False),
        sa.Column("forward_to_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_to_number", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(forward_to_kind <> 'extension') OR (forward_to_extension IS NOT NULL)",
            name=op.f("ck_locations_forward_to"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_locations_company_id_forward_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_locations_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_locations_company_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_locations_company_id"), "locations", ["company_id"], unique=False)


def _create_privacy_grants() -> None:
    op.create_table(
        "privacy_grants",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("pickup", sa.Boolean(), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.Column("presence", sa.Boolean(), nullable=False),
        sa.Column("notify", sa.Boolean(), nullable=False),
        sa.Column("notify_delay_s", sa.Integer(), nullable=False),
        sa.Column("listen", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_privacy_grants_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_privacy_grants_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["privacy_groups.id"], name=op.f("fk_privacy_grants_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_grants")),
        sa.UniqueConstraint(
            "company_id", "group_id", "extension", name=op.f("uq_privacy_grants_company_id_group_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_privacy_grants_company_id"), "privacy_grants", ["company_id"], unique=False)
    op.create_index(op.f("ix_privacy_grants_group_id"), "privacy_grants", ["group_id"], unique=False)


def _create_privacy_members() -> None:
    op.create_table(
        "privacy_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_privacy_members_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_privacy_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["privacy_groups.id"], name=op.f("fk_privacy_members_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_members")),
        sa.UniqueConstraint(
            "company_id", "group_id", "extension", name=op.f("uq_privacy_members_company_id_group_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_privacy_members_company_id"), "privacy_members", ["company_id"], unique=False)
    op.create_index(op.f("ix_privacy_members_group_id"), "privacy_members", ["group_id"], unique=False)


def _create_departments() -> None:
    op.create_table(
        "departments",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_departments_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_departments_location_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["departments.id"], name=op.f("fk_departments_parent_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint(
            "company_id", "location_id", "name", name=op.f("uq_departments_company_id_location_id_name")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_departments_company_id"), "departments", ["company_id"], unique=False)
    op.create_index(op.f("ix_departments_location_id"), "departments", ["location_id"], unique=False)
    op.create_index(op.f("ix_departments_parent_id"), "departments", ["parent_id"], unique=False)


def _create_number_schemes() -> None:
    op.create_table(
        "number_schemes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_number_schemes_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_number_schemes_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_schemes")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_number_schemes_company_id_name")),
        sa.UniqueConstraint("company_id", "position", name=op.f("uq_number_schemes_company_id_position")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_number_schemes_company_id"), "number_schemes", ["company_id"], unique=False)
    op.create_index(op.f("ix_number_schemes_location_id"), "number_schemes", ["location_id"], unique=False)


def _create_pack_assignments() -> None:
    op.create_table(
        "pack_assignments",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_pack_assignments_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_pack_assignments_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_pack_assignments_location_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pack_id"], ["service_packs.id"], name=op.f("fk_pack_assignments_pack_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_assignments")),
        sa.UniqueConstraint(
            "company_id",
            "pack_id",
            "extension",
            "location_id",
            name=op.f("uq_pack_assignments_company_id_pack_id_extension_location_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_assignments_company_id"), "pack_assignments", ["company_id"], unique=False)
    op.create_index(op.f("ix_pack_assignments_location_id"), "pack_assignments", ["location_id"], unique=False)
    op.create_index(op.f("ix_pack_assignments_pack_id"), "pack_assignments", ["pack_id"], unique=False)


def _create_call_limits() -> None:
    op.create_table(
        "call_limits",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("limit", sa.Integer(), nullable=False),
        sa.Column("within_to_kind", sa.String(length=16), nullable=False),
        sa.Column("within_to_extension", sa.String(length=15), nullable=True),
        sa.Column("within_to_number", sa.String(length=40), nullable=False),
        sa.Column("over_to_kind", sa.String(length=16), nullable=False),
        sa.Column("over_to_extension", sa.String(length=15), nullable=True),
        sa.Column("over_to_number", sa.String(length=40), nullable=False),
        sa.Column("caller_id", sa.String(length=24), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(over_to_kind <> 'extension') OR (over_to_extension IS NOT NULL)", name=op.f("ck_call_limits_over_to")
        ),
        sa.CheckConstraint(
            "(within_to_kind <> 'extension') OR (within_to_extension IS NOT NULL)",
            name=op.f("ck_call_limits_within_to"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_call_limits_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "over_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_call_limits_company_id_over_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "within_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_call_limits_company_id_within_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_call_limits_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_call_limits_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_call_limits_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_limits")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_call_limits_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_call_limits_company_id"), "call_limits", ["company_id"], unique=False)
    op.create_index(op.f("ix_call_limits_department_id"), "call_limits", ["department_id"], unique=False)
    op.create_index(op.f("ix_call_limits_location_id"), "call_limits", ["location_id"], unique=False)


def _create_forward_extensions() -> None:
    op.create_table(
        "forward_extensions",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("caller_id", sa.String(length=24), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_forward_extensions_to")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_forward_extensions_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_forward_extensions_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_forward_extensions_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_forward_extensions_department_id"),
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_forward_extensions_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forward_extensions")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_forward_extensions_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_forward_extensions_company_id"), "forward_extensions", ["company_id"], unique=False)
    op.create_index(op.f("ix_forward_extensions_department_id"), "forward_extensions", ["department_id"], unique=False)
    op.create_index(op.f("ix_forward_extensions_location_id"), "forward_extensions", ["location_id"], unique=False)


def _create_group_extensions() -> None:
    op.create_table(
        "group_extensions",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("forward_always_kind", sa.String(length=16), nullable=False),
        sa.Column("forward_always_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_always_number", sa.String(length=40), nullable=False),
        sa.Column("forward_busy_kind", sa.String(length=16), nullable=False),
        sa.Column("forward_busy_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_busy_number", sa.String(length=40), nullable=False),
        sa.Column("forward_no_answer_kind", sa.String(length=16), nullable=False),
        sa.Column("forward_no_answer_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_no_answer_number", sa.String(length=40), nullable=False),
        sa.Column("no_answer_s", sa.Integer(), nullable=False),
        sa.Column("show", sa.String(length=24), nullable=False),
        sa.Column("individual_forwarding", sa.Boolean(), nullable=False),
        sa.Column("call_waiting", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(forward_always_kind <> 'extension') OR (forward_always_extension IS NOT NULL)",
            name=op.f("ck_group_extensions_forward_always"),
        ),
        sa.CheckConstraint(
            "(forward_busy_kind <> 'extension') OR (forward_busy_extension IS NOT NULL)",
            name=op.f("ck_group_extensions_forward_busy"),
        ),
        sa.CheckConstraint(
            "(forward_no_answer_kind <> 'extension') OR (forward_no_answer_extension IS NOT NULL)",
            name=op.f("ck_group_extensions_forward_no_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_group_extensions_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_always_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_group_extensions_company_id_forward_always_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_busy_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_group_extensions_company_id_forward_busy_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_no_answer_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_group_extensions_company_id_forward_no_answer_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_group_extensions_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_group_extensions_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_group_extensions_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_extensions")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_group_extensions_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_group_extensions_company_id"), "group_extensions", ["company_id"], unique=False)
    op.create_index(op.f("ix_group_extensions_department_id"), "group_extensions", ["department_id"], unique=False)
    op.create_index(op.f("ix_group_extensions_location_id"), "group_extensions", ["location_id"], unique=False)


def _create_hunt_groups() -> None:
    op.create_table(
        "hunt_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(length=24), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("total_s", sa.Integer(), nullable=False),
        sa.Column("no_answer_to_kind", sa.String(length=16), nullable=False),
        sa.Column("no_answer_to_extension", sa.String(length=15), nullable=True),
        sa.Column("no_answer_to_number", sa.String(length=40), nullable=False),
        sa.Column("busy_to_kind", sa.String(length=16), nullable=False),
        sa.Column("busy_to_extension", sa.String(length=15), nullable=True),
        sa.Column("busy_to_number", sa.String(length=40), nullable=False),
        sa.Column("unreachable_to_kind", sa.String(length=16), nullable=False),
        sa.Column("unreachable_to_extension", sa.String(length=15), nullable=True),
        sa.Column("unreachable_to_number", sa.String(length=40), nullable=False),
        sa.Column("busy_when_unreachable", sa.Boolean(), nullable=False),
        sa.Column("prefix_name", sa.Boolean(), nullable=False),
        sa.Column("call_waiting", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(busy_to_kind <> 'extension') OR (busy_to_extension IS NOT NULL)", name=op.f("ck_hunt_groups_busy_to")
        ),
        sa.CheckConstraint(
            "(no_answer_to_kind <> 'extension') OR (no_answer_to_extension IS NOT NULL)",
            name=op.f("ck_hunt_groups_no_answer_to"),
        ),
        sa.CheckConstraint(
            "(unreachable_to_kind <> 'extension') OR (unreachable_to_extension IS NOT NULL)",
            name=op.f("ck_hunt_groups_unreachable_to"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "busy_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_hunt_groups_company_id_busy_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_hunt_groups_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "no_answer_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_hunt_groups_company_id_no_answer_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "unreachable_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_hunt_groups_company_id_unreachable_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_hunt_groups_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_hunt_groups_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_hunt_groups_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hunt_groups")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_hunt_groups_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hunt_groups_company_id"), "hunt_groups", ["company_id"], unique=False)
    op.create_index(op.f("ix_hunt_groups_department_id"), "hunt_groups", ["department_id"], unique=False)
    op.create_index(op.f("ix_hunt_groups_location_id"), "hunt_groups", ["location_id"], unique=False)


def _create_location_routings() -> None:
    op.create_table(
        "location_routings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=24), nullable=False),
        sa.Column("prompt", sa.String(length=255), nullable=False),
        sa.Column("default_to_kind", sa.String(length=16), nullable=False),
        sa.Column("default_to_extension", sa.String(length=15), nullable=True),
        sa.Column("default_to_number", sa.String(length=40), nullable=False),
        sa.Column("default_prefix", sa.String(length=80), nullable=False),
        sa.Column("withheld_to_kind", sa.String(length=16), nullable=False),
        sa.Column("withheld_to_extension", sa.String(length=15), nullable=True),
        sa.Column("withheld_to_number", sa.String(length=40), nullable=False),
        sa.Column("withheld_prefix", sa.String(length=80), nullable=False),
        sa.Column("mobile_to_kind", sa.String(length=16), nullable=False),
        sa.Column("mobile_to_extension", sa.String(length=15), nullable=True),
        sa.Column("mobile_to_number", sa.String(length=40), nullable=False),
        sa.Column("mobile_prefix", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(default_to_kind <> 'extension') OR (default_to_extension IS NOT NULL)",
            name=op.f("ck_location_routings_default_to"),
        ),
        sa.CheckConstraint(
            "(mobile_to_kind <> 'extension') OR (mobile_to_extension IS NOT NULL)",
            name=op.f("ck_location_routings_mobile_to"),
        ),
        sa.CheckConstraint(
            "(withheld_to_kind <> 'extension') OR (withheld_to_extension IS NOT NULL)",
            name=op.f("ck_location_routings_withheld_to"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "default_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_location_routings_company_id_default_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_location_routings_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "mobile_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_location_routings_company_id_mobile_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "withheld_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_location_routings_company_id_withheld_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_location_routings_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_location_routings_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_location_routings_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_routings")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_location_routings_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_location_routings_company_id"), "location_routings", ["company_id"], unique=False)
    op.create_index(op.f("ix_location_routings_department_id"), "location_routings", ["department_id"], unique=False)
    op.create_index(op.f("ix_location_routings_location_id"), "location_routings", ["location_id"], unique=False)


def _create_menus() -> None:
    op.create_table(
        "menus",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("greeting", sa.String(length=255), nullable=False),
        sa.Column("timeout_s", sa.Integer(), nullable=False),
        sa.Column("fallback_extension", sa.String(length=15), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_menus_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "fallback_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_menus_company_id_fallback_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_menus_company_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_menus_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_menus_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menus")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_menus_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_menus_company_id"), "menus", ["company_id"], unique=False)
    op.create_index(op.f("ix_menus_department_id"), "menus", ["department_id"], unique=False)
    op.create_index(op.f("ix_menus_location_id"), "menus", ["location_id"], unique=False)


def _create_number_plans() -> None:
    op.create_table(
        "number_plans",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_fallback", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_number_plans_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["number_schemes.id"], name=op.f("fk_number_plans_scheme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_plans")),
        sa.UniqueConstraint("company_id", "scheme_id", "name", name=op.f("uq_number_plans_company_id_scheme_id_name")),
        sa.UniqueConstraint(
            "company_id", "scheme_id", "position", name=op.f("uq_number_plans_company_id_scheme_id_position")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_number_plans_company_id"), "number_plans", ["company_id"], unique=False)
    op.create_index(op.f("ix_number_plans_scheme_id"), "number_plans", ["scheme_id"], unique=False)


def _create_numbers() -> None:
    op.create_table(
        "numbers",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("e164", sa.String(length=16), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_numbers_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_numbers_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_numbers_department_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_numbers_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_numbers")),
        sa.UniqueConstraint("e164", name=op.f("uq_numbers_e164")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_numbers_company_id"), "numbers", ["company_id"], unique=False)
    op.create_index(op.f("ix_numbers_department_id"), "numbers", ["department_id"], unique=False)
    op.create_index(op.f("ix_numbers_location_id"), "numbers", ["location_id"], unique=False)


def _create_time_routings() -> None:
    op.create_table(
        "time_routings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("failover_to_kind", sa.String(length=16), nullable=False),
        sa.Column("failover_to_extension", sa.String(length=15), nullable=True),
        sa.Column("failover_to_number", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(failover_to_kind <> 'extension') OR (failover_to_extension IS NOT NULL)",
            name=op.f("ck_time_routings_failover_to"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_time_routings_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "failover_to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_time_routings_company_id_failover_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_time_routings_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_time_routings_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_time_routings_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_routings")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_time_routings_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_time_routings_company_id"), "time_routings", ["company_id"], unique=False)
    op.create_index(op.f("ix_time_routings_department_id"), "time_routings", ["department_id"], unique=False)
    op.create_index(op.f("ix_time_routings_location_id"), "time_routings", ["location_id"], unique=False)


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("profile", sa.String(length=24), nullable=False),
        sa.Column("mobile_number", sa.String(length=16), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("hide_number", sa.Boolean(), nullable=False),
        sa.Column("hide_connected", sa.Boolean(), nullable=False),
        sa.Column("dynamic_numbers", sa.JSON(), nullable=False),
        sa.Column("connected_privacy", sa.String(length=24), nullable=False),
        sa.Column("forwarded_signal", sa.String(length=24), nullable=False),
        sa.Column("emergency_number", sa.String(length=16), nullable=False),
        sa.Column("call_waiting", sa.Boolean(), nullable=False),
        sa.Column("ring_s", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.JSON(), nullable=False),
        sa.Column("blocklist", sa.JSON(), nullable=False),
        sa.Column("do_not_disturb", sa.Boolean(), nullable=False),
        sa.Column("do_not_disturb_reminder", sa.Boolean(), nullable=False),
        sa.Column("reject_anonymous", sa.Boolean(), nullable=False),
        sa.Column("follows_location_forward", sa.Boolean(), nullable=False),
        sa.Column("notify_email", sa.String(length=254), nullable=False),
        sa.Column("hide_line", sa.Boolean(), nullable=False),
        sa.Column("may_configure_time", sa.Boolean(), nullable=False),
        sa.Column("may_see_own_recordings", sa.Boolean(), nullable=False),
        sa.Column("may_see_all_recordings", sa.Boolean(), nullable=False),
        sa.Column("is_supervisor", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_users_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_users_company_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_users_department_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_users_location_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_users_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_users_company_id"), "users", ["company_id"], unique=False)
    op.create_index(op.f("ix_users_department_id"), "users", ["department_id"], unique=False)
    op.create_index(op.f("ix_users_location_id"), "users", ["location_id"], unique=False)


def _create_alternate_numbers() -> None:
    op.create_table(
        "alternate_numbers",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=True),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("ring_pattern", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_alternate_numbers_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_alternate_numbers_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["numbers.id"], name=op.f("fk_alternate_numbers_number_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_alternate_numbers_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alternate_numbers")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_alternate_numbers_company_id_extension")),
        sa.UniqueConstraint("company_id", "number_id", name=op.f("uq_alternate_numbers_company_id_number_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_alternate_numbers_company_id"), "alternate_numbers", ["company_id"], unique=False)
    op.create_index(op.f("ix_alternate_numbers_number_id"), "alternate_numbers", ["number_id"], unique=False)
    op.create_index(op.f("ix_alternate_numbers_user_id"), "alternate_numbers", ["user_id"], unique=False)


def _create_call_classes() -> None:
    op.create_table(
        "call_classes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("extensions", sa.JSON(), nullable=False),
        sa.Column("prefixes", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_call_classes_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_call_classes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_classes")),
        sa.UniqueConstraint("company_id", "user_id", "name", name=op.f("uq_call_classes_company_id_user_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_call_classes_company_id"), "call_classes", ["company_id"], unique=False)
    op.create_index(op.f("ix_call_classes_user_id"), "call_classes", ["user_id"], unique=False)


def _create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("encryption", sa.String(length=24), nullable=False),
        sa.Column("dtmf", sa.String(length=24), nullable=False),
        sa.Column("area_code", sa.String(length=8), nullable=False),
        sa.Column("call_limit", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("emergency_number", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_devices_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_devices_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("company_id", "username", name=op.f("uq_devices_company_id_username")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_devices_company_id"), "devices", ["company_id"], unique=False)
    op.create_index(op.f("ix_devices_user_id"), "devices", ["user_id"], unique=False)


def _create_group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_group_members_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_group_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["group_extensions.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_members")),
        sa.UniqueConstraint(
            "company_id", "group_id", "extension", name=op.f("uq_group_members_company_id_group_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_group_members_company_id"), "group_members", ["company_id"], unique=False)
    op.create_index(op.f("ix_group_members_group_id"), "group_members", ["group_id"], unique=False)


def _create_holidays() -> None:
    op.create_table(
        "holidays",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_holidays_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_holidays_location_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_holidays_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint(
            "company_id", "location_id", "user_id", "name", name=op.f("uq_holidays_company_id_location_id_user_id_name")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_holidays_company_id"), "holidays", ["company_id"], unique=False)
    op.create_index(op.f("ix_holidays_location_id"), "holidays", ["location_id"], unique=False)
    op.create_index(op.f("ix_holidays_user_id"), "holidays", ["user_id"], unique=False)


def _create_hunt_members() -> None:
    op.create_table(
        "hunt_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("hunt_group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_hunt_members_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_hunt_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["hunt_group_id"], ["hunt_groups.id"], name=op.f("fk_hunt_members_hunt_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hunt_members")),
        sa.UniqueConstraint(
            "company_id", "hunt_group_id", "extension", name=op.f("uq_hunt_members_company_id_hunt_group_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hunt_members_company_id"), "hunt_members", ["company_id"], unique=False)
    op.create_index(op.f("ix_hunt_members_hunt_group_id"), "hunt_members", ["hunt_group_id"], unique=False)


def _create_line_permissions() -> None:
    op.create_table(
        "line_permissions",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("viewer_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_line_permissions_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_line_permissions_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["viewer_id"], ["users.id"], name=op.f("fk_line_permissions_viewer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_permissions")),
        sa.UniqueConstraint(
            "company_id", "user_id", "viewer_id", name=op.f("uq_line_permissions_company_id_user_id_viewer_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_line_permissions_company_id"), "line_permissions", ["company_id"], unique=False)
    op.create_index(op.f("ix_line_permissions_user_id"), "line_permissions", ["user_id"], unique=False)
    op.create_index(op.f("ix_line_permissions_viewer_id"), "line_permissions", ["viewer_id"], unique=False)


def _create_location_routes() -> None:
    op.create_table(
        "location_routes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("routing_id", sa.Integer(), nullable=False),
        sa.Column("match", sa.String(length=16), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("prefix", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_location_routes_to")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_location_routes_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_location_routes_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["routing_id"], ["location_routings.id"], name=op.f("fk_location_routes_routing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_routes")),
        sa.UniqueConstraint(
            "company_id", "routing_id", "match", name=op.f("uq_location_routes_company_id_routing_id_match")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_location_routes_company_id"), "location_routes", ["company_id"], unique=False)
    op.create_index(op.f("ix_location_routes_routing_id"), "location_routes", ["routing_id"], unique=False)


def _create_plan_mappings() -> None:
    op.create_table(
        "plan_mappings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("number_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("prefix", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_plan_mappings_company_id_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_plan_mappings_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["number_id"], ["numbers.id"], name=op.f("fk_plan_mappings_number_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["number_plans.id"], name=op.f("fk_plan_mappings_plan_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_mappings")),
        sa.UniqueConstraint(
            "company_id", "plan_id", "number_id", name=op.f("uq_plan_mappings_company_id_plan_id_number_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_plan_mappings_company_id"), "plan_mappings", ["company_id"], unique=False)
    op.create_index(op.f("ix_plan_mappings_number_id"), "plan_mappings", ["number_id"], unique=False)
    op.create_index(op.f("ix_plan_mappings_plan_id"), "plan_mappings", ["plan_id"], unique=False)


def _create_plan_overrides() -> None:
    op.create_table(
        "plan_overrides",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_plan_overrides_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["number_plans.id"], name=op.f("fk_plan_overrides_plan_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["number_schemes.id"], name=op.f("fk_plan_overrides_scheme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_overrides")),
        sa.UniqueConstraint("company_id", "scheme_id", name=op.f("uq_plan_overrides_company_id_scheme_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_plan_overrides_company_id"), "plan_overrides", ["company_id"], unique=False)
    op.create_index(op.f("ix_plan_overrides_plan_id"), "plan_overrides", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_overrides_scheme_id"), "plan_overrides", ["scheme_id"], unique=False)


def _create_plan_periods() -> None:
    op.create_table(
        "plan_periods",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_plan_periods_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["number_plans.id"], name=op.f("fk_plan_periods_plan_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["number_schemes.id"], name=op.f("fk_plan_periods_scheme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_periods")),
        sa.UniqueConstraint("company_id", "plan_id", name=op.f("uq_plan_periods_company_id_plan_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_plan_periods_company_id"), "plan_periods", ["company_id"], unique=False)
    op.create_index(op.f("ix_plan_periods_plan_id"), "plan_periods", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_periods_scheme_id"), "plan_periods", ["scheme_id"], unique=False)


def _create_presences() -> None:
    op.create_table(
        "presences",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_presences_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_presences_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presences")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_presences_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_presences_company_id"), "presences", ["company_id"], unique=False)
    op.create_index(op.f("ix_presences_user_id"), "presences", ["user_id"], unique=False)


def _create_reach_profiles() -> None:
    op.create_table(
        "reach_profiles",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=False),
        sa.Column("caller_number", sa.String(length=16), nullable=True),
        sa.Column("forward_always_kind", sa.String(length=16), nullable=True),
        sa.Column("forward_always_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_always_number", sa.String(length=40), nullable=True),
        sa.Column("forward_busy_kind", sa.String(length=16), nullable=True),
        sa.Column("forward_busy_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_busy_number", sa.String(length=40), nullable=True),
        sa.Column("forward_no_answer_kind", sa.String(length=16), nullable=True),
        sa.Column("forward_no_answer_extension", sa.String(length=15), nullable=True),
        sa.Column("forward_no_answer_number", sa.String(length=40), nullable=True),
        sa.Column("no_answer_s", sa.Integer(), nullable=True),
        sa.Column("forwarded_caller_id", sa.String(length=24), nullable=True),
        sa.Column("devices", sa.JSON(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(forward_always_kind <> 'extension') OR (forward_always_extension IS NOT NULL)",
            name=op.f("ck_reach_profiles_forward_always"),
        ),
        sa.CheckConstraint(
            "(forward_busy_kind <> 'extension') OR (forward_busy_extension IS NOT NULL)",
            name=op.f("ck_reach_profiles_forward_busy"),
        ),
        sa.CheckConstraint(
            "(forward_no_answer_kind <> 'extension') OR (forward_no_answer_extension IS NOT NULL)",
            name=op.f("ck_reach_profiles_forward_no_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_always_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_reach_profiles_company_id_forward_always_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_busy_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_reach_profiles_company_id_forward_busy_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "forward_no_answer_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_reach_profiles_company_id_forward_no_answer_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_reach_profiles_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reach_profiles_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_profiles")),
        sa.UniqueConstraint("company_id", "user_id", "name", name=op.f("uq_reach_profiles_company_id_user_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reach_profiles_company_id"), "reach_profiles", ["company_id"], unique=False)
    op.create_index(op.f("ix_reach_profiles_user_id"), "reach_profiles", ["user_id"], unique=False)


def _create_reach_statuses() -> None:
    op.create_table(
        "reach_statuses",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("message", sa.String(length=80), nullable=False),
        sa.Column("availability", sa.String(length=24), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_reach_statuses_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reach_statuses_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_statuses")),
        sa.UniqueConstraint("company_id", "user_id", "name", name=op.f("uq_reach_statuses_company_id_user_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reach_statuses_company_id"), "reach_statuses", ["company_id"], unique=False)
    op.create_index(op.f("ix_reach_statuses_user_id"), "reach_statuses", ["user_id"], unique=False)


def _create_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_schedules_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_schedules_location_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_schedules_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint(
            "company_id",
            "location_id",
            "user_id",
            "name",
            name=op.f("uq_schedules_company_id_location_id_user_id_name"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_schedules_company_id"), "schedules", ["company_id"], unique=False)
    op.create_index(op.f("ix_schedules_location_id"), "schedules", ["location_id"], unique=False)
    op.create_index(op.f("ix_schedules_user_id"), "schedules", ["user_id"], unique=False)


def _create_status_forwards() -> None:
    op.create_table(
        "status_forwards",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_status_forwards_to")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_status_forwards_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_status_forwards_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_status_forwards_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_status_forwards")),
        sa.UniqueConstraint(
            "company_id", "user_id", "status", name=op.f("uq_status_forwards_company_id_user_id_status")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_status_forwards_company_id"), "status_forwards", ["company_id"], unique=False)
    op.create_index(op.f("ix_status_forwards_user_id"), "status_forwards", ["user_id"], unique=False)


def _create_time_routes() -> None:
    op.create_table(
        "time_routes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("routing_id", sa.Integer(), nullable=False),
        sa.Column("start_day", sa.Integer(), nullable=False),
        sa.Column("end_day", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("description", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_time_routes_to")),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_time_routes_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_time_routes_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["routing_id"], ["time_routings.id"], name=op.f("fk_time_routes_routing_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_routes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_time_routes_company_id"), "time_routes", ["company_id"], unique=False)
    op.create_index(op.f("ix_time_routes_routing_id"), "time_routes", ["routing_id"], unique=False)


def _create_plan_holidays() -> None:
    op.create_table(
        "plan_holidays",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("scheme_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("start", sa.String(length=16), nullable=True),
        sa.Column("end", sa.String(length=16), nullable=True),
        sa.Column("holiday_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_plan_holidays_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["holiday_id"], ["holidays.id"], name=op.f("fk_plan_holidays_holiday_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["number_plans.id"], name=op.f("fk_plan_holidays_plan_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"], ["number_schemes.id"], name=op.f("fk_plan_holidays_scheme_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_holidays")),
        sa.UniqueConstraint("company_id", "scheme_id", "name", name=op.f("uq_plan_holidays_company_id_scheme_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_plan_holidays_company_id"), "plan_holidays", ["company_id"], unique=False)
    op.create_index(op.f("ix_plan_holidays_holiday_id"), "plan_holidays", ["holiday_id"], unique=False)
    op.create_index(op.f("ix_plan_holidays_plan_id"), "plan_holidays", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_holidays_scheme_id"), "plan_holidays", ["scheme_id"], unique=False)


def _create_reach_cells() -> None:
    op.create_table(
        "reach_cells",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("profile_id", sa.Integer(), nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=True),
        sa.Column("call_class_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_class_id"], ["call_classes.id"], name=op.f("fk_reach_cells_call_class_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_reach_cells_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["profile_id"], ["reach_profiles.id"], name=op.f("fk_reach_cells_profile_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["reach_statuses.id"], name=op.f("fk_reach_cells_status_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reach_cells_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_cells")),
        sa.UniqueConstraint(
            "company_id",
            "user_id",
            "status_id",
            "call_class_id",
            name=op.f("uq_reach_cells_company_id_user_id_status_id_call_class_id"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reach_cells_call_class_id"), "reach_cells", ["call_class_id"], unique=False)
    op.create_index(op.f("ix_reach_cells_company_id"), "reach_cells", ["company_id"], unique=False)
    op.create_index(op.f("ix_reach_cells_profile_id"), "reach_cells", ["profile_id"], unique=False)
    op.create_index(op.f("ix_reach_cells_status_id"), "reach_cells", ["status_id"], unique=False)
    op.create_index(op.f("ix_reach_cells_user_id"), "reach_cells", ["user_id"], unique=False)


def _create_reach_overrides() -> None:
    op.create_table(
        "reach_overrides",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("status_id", sa.Integer(), nullable=True),
        sa.Column("status_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=True),
        sa.Column("devices_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("roaming", sa.Boolean(), nullable=False),
        sa.Column("roaming_status_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_reach_overrides_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["roaming_status_id"],
            ["reach_statuses.id"],
            name=op.f("fk_reach_overrides_roaming_status_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["status_id"], ["reach_statuses.id"], name=op.f("fk_reach_overrides_status_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reach_overrides_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reach_overrides")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_reach_overrides_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reach_overrides_company_id"), "reach_overrides", ["company_id"], unique=False)
    op.create_index(
        op.f("ix_reach_overrides_roaming_status_id"), "reach_overrides", ["roaming_status_id"], unique=False
    )
    op.create_index(op.f("ix_reach_overrides_status_id"), "reach_overrides", ["status_id"], unique=False)
    op.create_index(op.f("ix_reach_overrides_user_id"), "reach_overrides", ["user_id"], unique=False)


def _create_rules() -> None:
    op.create_table(
        "rules",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("applies", sa.Boolean(), nullable=False),
        sa.Column("schedule_id", sa.Integer(), nullable=True),
        sa.Column("holiday_id", sa.Integer(), nullable=True),
        sa.Column("patterns", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_rules_to")),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_rules_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_rules_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_rules_company_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["holiday_id"], ["holidays.id"], name=op.f("fk_rules_holiday_id"), ondelete="NO ACTION"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_rules_location_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_rules_schedule_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sa.UniqueConstraint(
            "company_id",
            "extension",
            "location_id",
            "service",
            "name",
            name=op.f("uq_rules_company_id_extension_location_id_service_name"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_rules_company_id"), "rules", ["company_id"], unique=False)
    op.create_index(op.f("ix_rules_holiday_id"), "rules", ["holiday_id"], unique=False)
    op.create_index(op.f("ix_rules_location_id"), "rules", ["location_id"], unique=False)
    op.create_index(op.f("ix_rules_schedule_id"), "rules", ["schedule_id"], unique=False)
