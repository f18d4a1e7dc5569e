"""``kiestoon explain``: what would happen if somebody called somebody."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from kiestoon.app.cli_context import context_of
from kiestoon.app.cli_output import show_json, show_text
from kiestoon.app.cli_rows import AsJson, OfCompany
from kiestoon.operator_error import OperatorError

_FROM = typer.Argument(metavar="CALLER", help='An extension, an outside number with +, or "" for a withheld one.')
_TO = typer.Argument(metavar="DIALLED", help="What is dialled.")
_AT = typer.Option(help="As in 2026-12-24T17:00, on the company's clock; now if empty.")
_STATE = typer.Option(
    help="Who does what, as 204=busy; answers, busy, no_answer, unreachable or rejected. May be repeated."
)
_OTHERWISE = typer.Option(help="What all others do.")
_THROUGH = typer.Option(help="Calls in a call-limit extension now, as 310=2. May be repeated.")
_KEY = typer.Option(help="What the caller keys in when asked, in order. May be repeated.")


def explain(
    context: typer.Context,
    caller: Annotated[str, _FROM],
    dialled: Annotated[str, _TO],
    company: OfCompany = "",
    at: Annotated[str, _AT] = "",
    state: Annotated[list[str] | None, _STATE] = None,
    otherwise: Annotated[str, _OTHERWISE] = "answers",
    through: Annotated[list[str] | None, _THROUGH] = None,
    key: Annotated[list[str] | None, _KEY] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="The diagram, for Mermaid.")] = False,
    language: Annotated[str, typer.Option(help="en or nl.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Say where a call would go, and why, without making it."""
    from pydantic import ValidationError  # noqa: PLC0415 - the web's libraries for those who need them

    from kiestoon.api.explain import Question, answer_question, other_company, read_directory  # noqa: PLC0415
    from kiestoon.api.problems import ApiProblem  # noqa: PLC0415

    own = context_of(context)
    row = own.company(company)
    question = {
        "caller": {"number": caller} if caller.startswith("+") or not caller else {"extension": caller},
        "dialled": dialled,
        "at": at,
        "states": _pairs(state),
        "otherwise": otherwise,
        "through": {name: _count(value) for name, value in _pairs(through).items()},
        "keys": key or [],
    }
    try:
        asked = Question.model_validate(question)
        with own.database.read() as connection:
            directory = read_directory(connection, row.id)
            answer = answer_question(directory, row.id, asked, language, partial(other_company, connection))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise OperatorError(f"{place}: {first['msg']}", "See kiestoon explain --help") from None
    except ApiProblem as wrong:
        found = wrong.errors[0].text() if wrong.errors else f"the company {row.name} is switched off"
        raise OperatorError(f"This cannot be explained: {found}", "See kiestoon explain --help") from None
    _show(answer, mermaid=mermaid, as_json=as_json)


def _show(answer: dict[str, Any], *, mermaid: bool, as_json: bool) -> None:
    if as_json:
        show_json(answer)
    elif mermaid:
        typer.echo(answer["mermaid"], nl=False)
    else:
        for line in answer["text"]:
            show_text(line)


def _pairs(given: list[str] | None) -> dict[str, str]:
    pairs = {}
    for item in given or []:
        name, sign, value = item.partition("=")
        if not sign:
            raise OperatorError(f"{item!r} is not written as 204=busy", "See kiestoon explain --help")
        pairs[name] = value
    return pairs


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise OperatorError(f"{text!r} is not a number of calls", "See kiestoon explain --help")
    return int(text)
