"""No secret in argv, no value in a message, no markup or control code from data."""

from __future__ import annotations

import json
import logging

import click
import pytest

from fieldvault.cli.app import _unexpected, app
from fieldvault.cli.console import printable, say, show_table
from fieldvault.cli.exit_codes import MEANINGS, ExitCode, code_for
from fieldvault.errors import FieldvaultError


def parameters():
    pending = [(("fieldvault",), app)]
    while pending:
        path, command = pending.pop()
        for parameter in command.params:
            yield " ".join(path), parameter
        if isinstance(command, click.Group):
            pending += [((*path, name), sub) for name, sub in command.commands.items()]


def test_no_option_takes_a_secret() -> None:
    names = {option for _, parameter in parameters() for option in (*parameter.opts, *parameter.secondary_opts)}
    words = ("token", "secret", "pass", "password", "jwt", "credential", "url")
    assert not [name for name in names if any(word in name for word in words)]
    # A path, the name of a transit key, an argument that is a key's id: none of them is a key.
    assert {name for name in names if "key" in name} <= {"--key-file", "--key", "key_id", "--rotate-kek"}


@pytest.mark.parametrize("option", ["--passphrase", "--token", "--secret-id", "--kek-key"])
@pytest.mark.parametrize("command", ["seal", "open", "doctor", "init", "demo"])
def test_secret_as_an_option_is_a_wrong_call(run, command, option) -> None:
    result = run(command, option, "canary")
    assert result.exit_code == 2
    assert "canary" not in result.output


def test_debug_log_of_a_whole_run_holds_no_value_and_no_key(project, run, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    key = (project / "kek.key").read_text().strip()
    results = [
        run("--verbose", "seal", "customers.jsonl", "-o", "s.csv", "--tenant", "acme"),
        run("--verbose", "open", "s.csv", "-o", "o.jsonl", "--tenant", "acme"),
        run("--verbose", "open", "s.csv", "-o", "p.jsonl", "--tenant", "globex"),
        run("--verbose", "doctor"),
    ]
    said = caplog.text + "".join(result.output for result in results)
    assert "anary" not in said
    assert key not in said


def test_unexpected_error_shows_where_and_not_what(capsys) -> None:
    with pytest.raises(ValueError, match="canary") as caught:
        int("canary@example.com")
    _unexpected(caught.type, caught.value, caught.tb)
    said = capsys.readouterr().err
    assert "unexpected ValueError" in said
    assert "test_secrecy.py:" in said
    assert "canary" not in said


def test_data_is_not_markup_and_does_not_reach_the_terminal(capsys) -> None:
    say("[red]x[/red] \x1b]0;owned\x07 \u202egnp")
    show_table(["a"], [["[bold]y[/bold]\x1b[2J"]])
    out, err = capsys.readouterr()
    assert "[red]x[/red]" in err
    assert "[bold]y[/bold]" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out + err)


@pytest.mark.parametrize("text", ["ليلى", "a b", "ß", "日本"])
def test_letters_stay(text) -> None:
    assert printable(text) == text


def test_value_with_escape_codes_is_found_as_json_without_them(project, run) -> None:
    row = {"customer_id": 1, "country": "GB", "name": "\x1b[2Jx", "date_of_birth": None, "email": "a@example.com"}
    (project / "c.jsonl").write_text(json.dumps(row) + "\n")
    run("seal", "c.jsonl", "-o", "s.jsonl", "--tenant", "t")
    result = run("find", "email=a@example.com", "s.jsonl", "--tenant", "t")
    assert "\x1b" not in result.stdout
    assert json.loads(result.stdout)["name"] == "\x1b[2Jx"


def error_classes(base=FieldvaultError):
    yield base
    for one in base.__subclasses__():
        yield from error_classes(one)


def test_every_error_has_a_documented_exit_code(run) -> None:
    help_text = run("--help").stdout
    for code, meaning in MEANINGS.items():
        assert f"{code.value:>3}  {meaning}" in help_text
    for kind in set(error_classes()):
        assert code_for(kind.__new__(kind)) in set(ExitCode) - {ExitCode.OK, ExitCode.USAGE, ExitCode.PARTIAL}
