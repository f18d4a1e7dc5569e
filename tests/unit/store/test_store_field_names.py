"""Sentences about fields, in Dutch and English."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import msgspec
import pytest

from kiestoon.company.model import BY_ROW, Row
from kiestoon.store.field_names import DUTCH, field_name
from kiestoon.store.problems import problem
from kiestoon.store.value_texts import in_dutch


def inner_types(annotation: Any) -> list[type[msgspec.Struct]]:
    """The structs inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [found for part in get_args(annotation) for found in inner_types(part)]


@pytest.mark.parametrize("row", BY_ROW, ids=lambda row: row.__name__)
def test_every_field_of_every_row_has_a_dutch_name(row: type[Row]) -> None:
    fields = list(msgspec.structs.fields(row))
    for inner in [found for field in fields for found in inner_types(field.type)]:
        fields += msgspec.structs.fields(inner)
    assert [field.name for field in fields if field.name not in DUTCH] == []
    assert [name for name in DUTCH.values() if "_" in name] == []


@pytest.mark.parametrize(
    ("found", "english", "dutch"),
    [
        (problem("mobile_number", "missing"), "mobile number is missing", "mobiel nummer ontbreekt"),
        (problem("location_id", "missing"), "location is missing", "vestiging ontbreekt"),
        (problem("unheard_of", "missing"), "unheard of is missing", "unheard of ontbreekt"),
        (problem("days.0.first", "missing"), "days.0.first is missing", "dagen.0.eerste dag ontbreekt"),
        (problem("user_id", "unknown_field"), "there is no field user_id", "er is geen veld user_id"),
        (
            problem("start", "one_of", fields="start and end, holiday_id"),
            "exactly one of start and end, holiday must be given",
            "precies één van begin en einde, feestdagen is nodig",
        ),
        (
            problem("blocks", "invalid", detail="Expected `array`, got `int` - at `$.blocks`"),
            "Expected `array`, got `int` - at `$.blocks`",
            "verwacht wordt lijst, gegeven is geheel getal (blocks)",
        ),
    ],
)
def test_a_field_is_called_by_its_name_in_the_readers_language(found: Any, english: str, dutch: str) -> None:
    assert (found.text("en"), found.text("nl")) == (english, dutch)


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: int


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    """One field for each way in which a value can fail to fit."""

    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=3, pattern="^a")] = "a"
    some: Annotated[tuple[int, ...], msgspec.Meta(max_length=1)] = ()
    choice: Literal["x", "y"] = "x"
    pair: tuple[int, int] = (1, 1)
    inner: Inner | None = None
    flag: bool = True
    even: Annotated[float, msgspec.Meta(multiple_of=2.0)] = 2.0


@pytest.mark.parametrize(
    "given",
    [
        {"count": "x"}, {"count": None}, {"count": 0}, {"count": 9}, {"text": ""}, {"text": "aaaa"}, {"text": "b"},
        {"some": [1, 2]}, {"some": ["x"]}, {"choice": "z"}, {"pair": [1]}, {"inner": {}}, {"inner": 4}, {"flag": 3},
        {"even": 3.0}, {"inner": {"number": 1, "more": 2}}, {"more": 1},
    ],
)  # fmt: skip
def test_whatever_msgspec_refuses_is_said_in_dutch(given: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(given, Whole)
    told = in_dutch(str(refused.value))
    assert told != str(refused.value)
    assert not any(word in told for word in ("Expected", "Object", "Invalid", "length"))


def test_what_is_not_known_stays_as_it_is() -> None:
    assert in_dutch("The moon is full") == "The moon is full"
    assert field_name("204", dutch=True) == "204"
