"""Variables of docker-compose.yml: in .env.example, passwords required and written nowhere."""

import re

import pytest

from tests import compose_file
from tests.compose_file import EXAMPLE, FILE, PASSWORDS, VARIABLE

TEXT = FILE.read_text(encoding="utf-8")
USED = {found["name"]: found for found in VARIABLE.finditer(TEXT)}
# NAME= wants a value, #NAME=value may have another; #APPORTION_ are the settings of the code.
NAMED = dict(re.findall(r"^#?((?!APPORTION_)[A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_the_example_names_every_variable_and_no_other() -> None:
    assert NAMED.keys() == USED.keys()


def test_the_example_shows_the_defaults_and_no_password() -> None:
    defaults = {n: found["rest"] if found["kind"] == ":-" else "" for n, found in USED.items()}
    assert defaults == NAMED


def test_passwords_are_required_wherever_they_stand_and_nothing_else_is() -> None:
    kinds = {(found["name"], found["kind"]) for found in VARIABLE.finditer(TEXT)}
    assert {name for name, kind in kinds if kind == ":?"} == PASSWORDS.keys()
    assert {name for name, kind in kinds if kind == ":-"} & PASSWORDS.keys() == set()


@pytest.mark.parametrize("missing", PASSWORDS)
@pytest.mark.parametrize("how", ["unset", "empty"])
def test_nothing_starts_without_a_password(missing: str, how: str) -> None:
    variables = {name: value for name, value in PASSWORDS.items() if name != missing}
    with pytest.raises(KeyError, match=f"set {missing} in .env"):
        compose_file.services(variables if how == "unset" else variables | {missing: ""})


def test_every_variable_is_written_in_the_form_that_is_read_here() -> None:
    assert re.findall(r"\$(?!\{)", TEXT) == []
    assert TEXT.count("${") == len(VARIABLE.findall(TEXT))


def test_no_password_stands_in_the_file() -> None:
    settings = re.findall(r"(?i)^\s*\w*(?:password|secret)\w*:\s*(.*)$", TEXT, re.MULTILINE)
    logins = re.findall(r'user_\w+="(.*)"', TEXT)
    assert settings
    assert logins
    assert [value for value in settings + logins if not VARIABLE.fullmatch(value)] == []
