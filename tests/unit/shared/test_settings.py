"""Settings come from the environment, and a wrong one is named without being shown."""

from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.settings import PREFIX, Settings, load_settings

SECRET = "hunter2"
NEEDED = {
    "DATALAB_AMQP_URI": f"amqp://lab:{SECRET}@broker:5672/lab",
    "DATALAB_MONGODB_URI": f"mongodb://lab:{SECRET}@documents",
    "DATALAB_STORAGE_URL": "s3://bucket/files",
    "DATALAB_TOKEN_PUBLIC_KEY": "/etc/datalab/token.pub.pem",
    "DATALAB_HTTP_PORT": "8001",
}


def test_needed_variables_are_enough() -> None:
    """Everything else has a default that fits a small lab."""
    settings = load_settings(NEEDED)
    assert settings.http_port == 8001
    assert settings.token_public_key == Path("/etc/datalab/token.pub.pem")
    assert settings.retry_seconds == (1, 5, 30, 120)


@pytest.mark.parametrize("name", NEEDED)
def test_missing_or_empty_variable_is_named(name: str) -> None:
    """The operator learns what to set; Compose files pass unset variables on as empty ones."""
    others = {key: value for key, value in NEEDED.items() if key != name}
    for environ in (others, {**others, name: ""}):
        with pytest.raises(SettingsError, match=f"^{name}: is not set$"):
            load_settings(environ)


def test_empty_variable_means_the_default() -> None:
    """An empty line in an environment file changes nothing."""
    optional = {PREFIX + name.upper(): "" for name in Settings.model_fields}
    assert load_settings({**optional, **NEEDED}) == load_settings(NEEDED)


def test_value_may_be_in_a_file(tmp_path: Path) -> None:
    """A secret then stands in no environment; the line's end is not part of it."""
    file = tmp_path / "secret"
    file.write_text(NEEDED["DATALAB_AMQP_URI"] + "\n")
    others = {key: value for key, value in NEEDED.items() if key != "DATALAB_AMQP_URI"}
    assert load_settings({**others, "DATALAB_AMQP_URI_FILE": str(file)}) == load_settings(NEEDED)


def test_file_that_cannot_be_read_or_is_one_too_many_is_named(tmp_path: Path) -> None:
    """The operator learns which variable it is, and nothing is guessed."""
    others = {key: value for key, value in NEEDED.items() if key != "DATALAB_AMQP_URI"}
    absent = {"DATALAB_AMQP_URI_FILE": str(tmp_path / "absent")}
    message = "^DATALAB_AMQP_URI_FILE: cannot be read: No such file"
    with pytest.raises(SettingsError, match=message):
        load_settings({**others, **absent})
    with pytest.raises(SettingsError, match=r"^DATALAB_AMQP_URI: is set, and DATALAB_AMQP_URI_FI"):
        load_settings({**NEEDED, **absent})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATALAB_AMQP_URI", f"http://lab:{SECRET}@broker"),
        ("DATALAB_AMQP_URI", f"amqp://lab:{SECRET}/x@broker:5672/lab"),
        ("DATALAB_AMQP_URI", f"amqp://lab:{SECRET}@x@broker:5672/lab"),
        ("DATALAB_AMQP_URI", f"amqp://lab:x@broker:{SECRET}/lab"),
        ("DATALAB_AMQP_URI", "amqp://"),
        ("DATALAB_MONGODB_URI", f"postgres://lab:{SECRET}@documents"),
        ("DATALAB_MONGODB_URI", f"mongodb://lab:{SECRET}/x@documents"),
        ("DATALAB_MONGODB_URI", f"mongodb://lab:x@one,two:{SECRET}"),
        ("DATALAB_STORAGE_URL", SECRET),
        ("DATALAB_HTTP_PORT", SECRET),
        ("DATALAB_HTTP_PORT", "65536"),
        ("DATALAB_DATABASE_PREFIX", f"{SECRET}/../x"),
        ("DATALAB_LOG_LEVEL", "LOUD"),
        ("DATALAB_MAX_UPLOAD_BYTES", "10 MB"),
        ("DATALAB_RETRY_SECONDS", SECRET),
        ("DATALAB_RETRY_SECONDS", "1,,5"),
        ("DATALAB_RETRY_SECONDS", "1,-5"),
        ("DATALAB_RETRY_SECONDS", "nan"),
        ("DATALAB_RPC_SECONDS", "inf"),
        ("DATALAB_RPC_SECONDS", "-1"),
        ("DATALAB_JOB_MEMORY_BYTES", "1"),
        ("DATALAB_WEBHOOK_PRIVATE_ADDRESSES", SECRET),
        ("DATALAB_OPENLINEAGE_URL", f"https://lab:{SECRET}@lineage/api/v1/lineage"),
        ("DATALAB_OPENLINEAGE_URL", f"file:{SECRET}"),
        ("DATALAB_OPENLINEAGE_TOKEN", SECRET),
        ("DATALAB_OPENLINEAGE_TOKEN", f"{SECRET}\nX-Header: 1"),
        ("DATALAB_SMTP_URL", f"smtp://lab:{SECRET}@mail"),
        ("DATALAB_SMTP_URL", f"smtps://lab:{SECRET}%C3%A9@mail"),
        ("DATALAB_SMTP_URL", f"http://{SECRET}"),
        ("DATALAB_MAIL_FROM", f"lab\nBcc:{SECRET}@x.example"),
        ("DATALAB_MAIL_DIGEST_HOUR", "24"),
        ("DATALAB_PORTAL_URL", SECRET),
    ],
)
def test_wrong_value_is_named_and_never_shown(name: str, value: str) -> None:
    """The message goes to a log, and the value may be a password."""
    with pytest.raises(SettingsError, match=f"^{name}: ") as caught:
        load_settings({**NEEDED, name: value})
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATALAB_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672/test-1"),
        ("DATALAB_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672//"),
        ("DATALAB_AMQP_URI", "amqp://guest:guest@127.0.0.1:5672/%2F"),
        ("DATALAB_AMQP_URI", "amqps://lab:p%40ss%2Fw%3Aord@[::1]"),
        ("DATALAB_AMQP_URI", "amqp://broker"),
        ("DATALAB_MONGODB_URI", "mongodb://127.0.0.1:27017"),
        ("DATALAB_MONGODB_URI", "mongodb://lab:p%40ss@one:27017,two:27018/?replicaSet=rs0"),
        ("DATALAB_MONGODB_URI", "mongodb+srv://lab:pass@documents.example.org/lab?tls=true"),
        ("DATALAB_STORAGE_URL", "file:///var/lib/datalab"),
        ("DATALAB_OPENLINEAGE_URL", "file:///var/lib/datalab/lineage.jsonl"),
        ("DATALAB_OPENLINEAGE_URL", "http://marquez:5000/api/v1/lineage"),
    ],
)
def test_address_as_people_write_it_is_accepted(name: str, value: str) -> None:
    """Every form that the libraries read, several document servers included."""
    assert value in load_settings({**NEEDED, name: value}).model_dump().values()


MAIL = {
    "DATALAB_SMTP_URL": "smtps://lab:pass@mail.example",
    "DATALAB_MAIL_FROM": "lab@datalab.example",
    "DATALAB_PORTAL_URL": "https://portail.datalab.example",
}


@pytest.mark.parametrize("name", ["DATALAB_MAIL_FROM", "DATALAB_PORTAL_URL"])
def test_mail_server_needs_an_address_and_the_portal(name: str) -> None:
    """Without them no mail could say whom it is from, or where to go on."""
    assert load_settings({**NEEDED, **MAIL}).smtp_url == MAIL["DATALAB_SMTP_URL"]
    with pytest.raises(SettingsError, match=f"^{name}: is not set, and mails need it$"):
        load_settings({**NEEDED, **MAIL, name: ""})


@pytest.mark.parametrize(
    ("url", "is_private"),
    [
        ("https://lineage.example/api/v1/lineage", True),
        ("http://127.0.0.1:5000/api/v1/lineage", True),
        ("http://[::1]:5000", True),
        ("http://marquez:5000/api/v1/lineage", False),
        ("file:///lineage.jsonl", False),
    ],
)
def test_token_of_lineage_goes_where_nobody_reads_it(url: str, *, is_private: bool) -> None:
    """Encrypted, or to this machine."""
    environ = {**NEEDED, "DATALAB_OPENLINEAGE_URL": url, "DATALAB_OPENLINEAGE_TOKEN": SECRET}
    if is_private:
        settings = load_settings(environ)
        assert settings.openlineage_token == SECRET
        assert SECRET not in repr(settings)
        return
    with pytest.raises(SettingsError, match=r"^DATALAB_OPENLINEAGE_TOKEN: needs an address of"):
        load_settings(environ)


def test_refused_address_comes_with_an_example() -> None:
    """A regular expression would tell an operator little."""
    with pytest.raises(SettingsError, match=r"must look like amqp://user:password@host:5672/vhost"):
        load_settings({**NEEDED, "DATALAB_AMQP_URI": "broker"})


def test_several_seconds_are_a_comma_separated_list() -> None:
    """Waits are written as people say them."""
    settings = load_settings({**NEEDED, "DATALAB_RETRY_SECONDS": "0.5, 2,30"})
    assert settings.retry_seconds == (0.5, 2, 30)


def test_one_wait_is_a_list_of_one() -> None:
    """No comma is needed."""
    assert load_settings({**NEEDED, "DATALAB_WEBHOOK_SECONDS": "7"}).webhook_seconds == (7,)


@pytest.mark.parametrize(("written", "meant"), [("true", True), ("0", False), ("no", False)])
def test_flags_are_written_in_words_or_digits(written: str, meant: bool) -> None:
    """Operators need not know Python."""
    environ = {**NEEDED, "DATALAB_WEBHOOK_PRIVATE_ADDRESSES": written}
    assert load_settings(environ).webhook_private_addresses is meant


def test_variables_of_others_are_ignored() -> None:
    """The environment holds much that is not ours, and settings of later versions."""
    environ = {**NEEDED, "HOME": "/root", "DATALAB_SOMETHING_NEW": "1"}
    assert load_settings(environ) == load_settings(NEEDED)


def test_settings_do_not_change() -> None:
    """What a process started with holds until it ends."""
    with pytest.raises(ValueError, match="frozen"):
        load_settings(NEEDED).http_port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "public", "reached"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:8001"),
        ("0.0.0.0", "", "http://127.0.0.1:8001"),  # noqa: S104 - nothing listens here
        ("::", "", "http://[::1]:8001"),
        ("10.0.0.1", "https://lab.fr/donnees", "https://lab.fr/donnees"),
    ],
)
def test_a_service_tells_where_it_is_reached(host: str, public: str, reached: str) -> None:
    """What listens everywhere is reached from here; the operator knows better."""
    defaults = {"DATALAB_HTTP_HOST": host, "DATALAB_PUBLIC_URL": public}
    assert load_settings({**NEEDED, **defaults}).reached_at == reached


@pytest.mark.parametrize("url", ["https://lab.fr/", "lab.fr", "https://", "https://lab.fr/?a=b"])
def test_an_address_that_paths_cannot_be_put_after_is_refused(url: str) -> None:
    """A slash at the end would stand twice in every address of the catalogue."""
    with pytest.raises(SettingsError, match=r"^DATALAB_PUBLIC_URL: must look like https://"):
        load_settings({**NEEDED, "DATALAB_PUBLIC_URL": url})
