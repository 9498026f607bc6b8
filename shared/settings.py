"""Settings of a service process: the only module that reads the environment.

Each field `x` is read from `DATALAB_X`, or from the file that `DATALAB_X_FILE` names: what is in a
file no child process inherits, and no listing of the container shows. A missing or wrong value
stops the start with a SettingsError that names the variable, never with its value: it may be a
secret.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from shared.catalogues.eu_codes import PublisherKind
from shared.errors import SettingsError
from shared.server_settings import HOST, USER, Seconds, ServerSettings, parts

PREFIX = "DATALAB_"


Folders = Annotated[tuple[Path, ...], BeforeValidator(parts)]
Ports = Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], BeforeValidator(parts)]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

Days = Annotated[float, Field(ge=0, le=36_500)]


class Settings(ServerSettings):
    """What one service process needs to know about the world around it."""

    smtp_url: str = Field(
        default="",
        pattern=rf"^((smtps|smtp\+starttls)://{USER}{HOST}|smtp://{HOST})?$",
        repr=False,
        description="for notify: the mail server, `smtps://` encrypted from the start,"
        " `smtp+starttls://` by STARTTLS, `smtp://` neither encrypted nor signed in to; without one"
        " no mail is made",
        examples=["smtp+starttls://user:password@host:587", "smtp://localhost"],
    )
    mail_from: str = Field(
        default="",
        pattern=r"^([^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+)?$",
        validate_default=True,
        description="the address that mails come from; needed with DATALAB_SMTP_URL",
        examples=["ne-pas-repondre@datalab.example"],
    )
    portal_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#\"<>]*[^\s?#\"<>/])?$",
        validate_default=True,
        description="where people reach the portal, for links; needed with DATALAB_SMTP_URL",
        examples=["https://portail.datalab.example"],
    )
    mail_digest_hour: int = Field(
        default=7, ge=0, le=23, description="hour of daily mails, in metropolitan France"
    )
    mail_seconds: Seconds = Field(
        default=(60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        min_length=1,
        description="waits between attempts to send a mail",
    )
    mail_timeout_seconds: float = Field(
        default=30, gt=0, description="how long the mail server may take for one mail"
    )
    amqp_uri: str = Field(
        pattern=rf"^amqps?://{USER}{HOST}(/[^\s@]*)?$",
        repr=False,
        description="RabbitMQ, with user and vhost",
        examples=["amqp://user:password@host:5672/vhost"],
    )
    mongodb_uri: str = Field(
        pattern=rf"^mongodb(\+srv)?://{USER}{HOST}(,{HOST})*(/[^\s@]*)?$",
        repr=False,
        description="MongoDB server",
        examples=["mongodb://user:password@host:27017"],
    )
    storage_url: str = Field(
        pattern=r"^[a-z0-9]+://",
        description="fsspec URL of the file store",
        examples=["file:///folder", "s3://bucket/folder?region=eu-west-3"],
    )
    token_public_key: Path = Field(
        description="PEM file: the Ed25519 keys that tokens are checked with, the newest first;"
        " read again when it changes"
    )
    token_private_key: Path | None = Field(
        default=None,
        description="PEM file, for intake alone: the Ed25519 key by which it signs tokens for those"
        " who sign in or show a key; without it nobody can",
    )
    database_prefix: str = Field(
        default="datalab",
        pattern=r"^[a-z0-9_]+$",
        description="each service's database is called `<prefix>_<service>`",
        examples=["datalab"],
    )
    http_drain_seconds: float = Field(
        default=5,
        ge=0,
        le=10,
        description="how long a process that is to stop serves on with a red `/readyz`, so that"
        " balancers call another one first",
    )
    lab_kind: PublisherKind | None = Field(
        default=None,
        description="what kind of body that is, as portals ask: regional_authority, nonprofit, ...",
    )
    catalog_licence: str = Field(
        default="https://www.etalab.gouv.fr/licence-ouverte-open-licence",
        pattern=r"^https?://[^\s\"<>]+$",
        description="URL of the licence of the catalogue's metadata",
        examples=["https://creativecommons.org/publicdomain/zero/1.0/"],
    )
    reviewers: int = Field(
        default=1, ge=1, le=2, description="reviewers who have to agree before a project is secured"
    )
    max_workers: int = Field(default=10, ge=1, description="events handled at the same time")
    least_free_bytes: int = Field(
        default=256_000_000,
        ge=0,
        description="space below which `/readyz` is red, on the disks of the file store, of the job"
        " folders and of DATALAB_WATCHED_FOLDERS",
    )
    watched_folders: Folders = Field(
        default=(),
        description="folders whose disks are watched too, such as those of the document server and"
        " the broker when they are on this machine",
        examples=["/var/lib/mongodb,/var/lib/rabbitmq"],
    )
    retention_projects_days: Days = Field(
        default=0,
        description="how long ended projects keep their texts, requests too; 0 is for ever",
    )
    retention_uses_days: Days = Field(
        default=0, description="how long the catalogue keeps who used which data; 0 is for ever"
    )
    retention_jobs_days: Days = Field(
        default=0, description="how long jobs of ended projects keep log and texts; 0 is for ever"
    )
    retention_deliveries_days: Days = Field(
        default=0, description="how long bodies of webhooks are kept; 0 is for ever"
    )
    retention_timeline_days: Days = Field(
        default=0, description="how long timelines of ended projects are kept; 0 is for ever"
    )
    retention_notice_days: float = Field(
        default=30, gt=0, le=36_500, description="how long before owners are told what is erased"
    )
    retry_seconds: Seconds = Field(
        default=(1, 5, 30, 120), min_length=1, description="waits before an event is tried again"
    )
    sweep_seconds: float = Field(
        default=5, gt=0, description="age at which an unpublished event is swept up"
    )
    rpc_seconds: float = Field(default=10, gt=0, description="deadline of an RPC call")
    job_slots: int = Field(
        default=2,
        ge=1,
        description="jobs run at the same time by one process; of two or more, one is kept from the"
        " member who has all others, and from full jobs",
    )
    member_jobs: int = Field(
        default=0,
        ge=0,
        description="jobs of one member that run at the same time in all processes together, on the"
        " cluster too; 0 is no bound",
    )
    code_trial_seconds: float = Field(
        default=7,
        gt=0,
        description="how long own code is tried before it is saved; intake waits 10 seconds",
    )
    job_seconds: float = Field(default=600, gt=0, description="wall clock of one job")
    job_memory_bytes: int = Field(
        default=2_000_000_000,
        ge=50_000_000,
        description="memory of one job, all its processes together",
    )
    job_lease_seconds: float = Field(
        default=15, gt=0, description="silence after which a running job is taken over"
    )
    job_spare: bool = Field(
        default=True,
        description="keep what jobs work with loaded, and a sandbox that waits for each slot: a"
        " second less of each job, for about 300 MB",
    )
    slurm_folder: str = Field(
        default="",
        pattern=r"^(/[^%\\\n]*)?$",
        description="absolute path of a folder that the service and the nodes of a Slurm cluster"
        " share; long full jobs run there, none if it is empty",
    )
    slurm_prefix: str = Field(
        default="",
        description="what to put before sbatch, squeue and scancel, such as ssh -o BatchMode=yes"
        " lab@login; empty runs them here",
    )
    slurm_engine: str = Field(
        default="",
        description="command that does a job on a node, given its folder; empty is this Python with"
        " -m shared.engine.sandbox",
    )
    slurm_account: str = Field(
        default="",
        description="the account that Slurm charges; {member} in it stands for the id of the member"
        " whose job it is, in small letters",
    )
    slurm_partition: str = Field(default="", description="where jobs are queued; empty is Slurm's")
    slurm_memory_bytes: int = Field(
        default=8_000_000_000, ge=50_000_000, description="memory of one job on the cluster"
    )
    slurm_from_bytes: int = Field(
        default=100_000_000,
        ge=0,
        description="size of what a job reads, together, from which it runs on the cluster",
    )
    slurm_runs: int = Field(
        default=50, ge=1, description="jobs that one process has on the cluster at a time"
    )
    slurm_shards: int = Field(
        default=4,
        ge=1,
        description="engines that share the rows of one input on the cluster, where only their sums"
        " are needed; 1 for one that does all",
    )
    slurm_shard_bytes: int = Field(
        default=500_000_000, ge=1, description="size of an input for each engine that shares it"
    )
    openlineage_url: str = Field(
        default="",
        pattern=rf"^(file:///[^\s?#]+|https?://{HOST}(/[^\s#]*)?)?$",
        description="for compute: where it tells, as OpenLineage events, what ended jobs read and"
        " made: a file that they are appended to, or the address that they are posted to, on any"
        " network; empty tells nobody",
        examples=["https://lineage.example/api/v1/lineage", "file:///folder/lineage.jsonl"],
    )
    openlineage_token: str = Field(
        default="",
        pattern=r"^[!-~]*$",
        repr=False,
        description="what that address wants as `Authorization: Bearer`; goes encrypted, or to this"
        " machine, alone",
        examples=["a word of ASCII characters"],
    )
    workspace_seconds: int = Field(default=3600, ge=1, description="compute quota of a project")
    trial_rows: int = Field(
        default=500,
        ge=1,
        description="rows of the sample a trial runs on; so many are invented at most in the"
        " place of others' restricted tables",
    )
    crossing_rows: int = Field(
        default=20_000_000,
        ge=1,
        description="rows that a crossing may make when it adds some; one with more is refused"
        " before it starts, and so is one of more than 500 million cells",
    )
    step_cache_bytes: int = Field(
        default=2_000_000_000,
        ge=0,
        description="of tables of steps that are kept for each project, so that a later job need"
        " not make them again; 0 keeps none",
    )
    step_cache_days: Days = Field(
        default=30,
        description="how long these are kept, unless their project or access ends"
        " before; 0 is for as long as these go on",
    )
    step_cache_seconds: float = Field(
        default=1, ge=0, description="work of a step from which its table is kept"
    )
    renewal_wait_seconds: float = Field(
        default=60,
        ge=0,
        description="for compute: how long a delivered service that is renewed when its data change"
        " waits for more of them to change",
    )
    service_review_days: Days = Field(
        default=365,
        description="for compute: after how long somebody has to confirm that a delivered service"
        " is still of use",
    )
    service_grace_days: Days = Field(
        default=30, description="for compute: how long that is waited for; then it is retired"
    )
    nightly_replays: int = Field(
        default=3,
        ge=0,
        le=100,
        description="recent results that are made again each night, and compared with what they"
        " were; 0 is none",
    )
    access_reminder_seconds: float = Field(
        default=604_800, gt=0, le=1e9, description="wait for owners before they are reminded"
    )
    access_expiry_seconds: float = Field(
        default=2_592_000, gt=0, le=1e9, description="wait for owners before a request expires"
    )
    invitation_reminder_seconds: float = Field(
        default=604_800, gt=0, le=1e9, description="wait for a member asked for a part in a project"
    )
    invitation_expiry_seconds: float = Field(
        default=1_209_600, gt=0, le=1e9, description="the same before another is asked in its place"
    )
    erasure_grace_seconds: float = Field(
        default=3600,
        ge=0,
        le=1e9,
        description="age that a deleted dataset's files must have to be erased: one that is put"
        " again meanwhile is somebody else's",
    )
    orphan_seconds: float = Field(
        default=86_400,
        ge=0,
        le=1e9,
        description="age at which a stored file is erased that nothing refers to",
    )
    webhook_seconds: Seconds = Field(
        default=(5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        min_length=1,
        description="waits between webhook attempts; the defaults are the specification's example",
    )
    webhook_timeout_seconds: float = Field(
        default=15, gt=0, description="how long an endpoint may take to answer"
    )
    webhook_endpoints: int = Field(
        default=50, ge=1, description="endpoints that a member may have; more from before stay"
    )
    webhook_ports: Ports = Field(
        default=(443, 8443), min_length=1, description="ports that endpoints may be on"
    )
    webhook_private_addresses: bool = Field(
        default=False,
        description="allow endpoints on private, loopback and link-local addresses, on any port",
    )
    harvest_private_addresses: bool = Field(
        default=False, description="allow catalogues on private, loopback and link-local addresses"
    )

    @field_validator("smtp_url")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not unquote(value).isascii():
            raise ValueError("user and password have to be of ASCII characters, as SMTP has them")
        return value

    @field_validator("openlineage_token")
    @classmethod
    def _private(cls, value: str, info: ValidationInfo) -> str:
        address = urlsplit(info.data.get("openlineage_url", ""))
        is_here = address.scheme == "http" and address.hostname in _LOOPBACK
        if value and not (address.scheme == "https" or is_here):
            raise ValueError("needs an address of https:// in DATALAB_OPENLINEAGE_URL")
        return value

    @field_validator("mail_from", "portal_url")
    @classmethod
    def _needed(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("smtp_url") and not value:
            raise ValueError("is not set, and mails need it")
        return value


S = TypeVar("S", bound=ServerSettings)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of a service; see read_settings."""
    return read_settings(Settings, environ)


def read_settings(cls: type[S], environ: Mapping[str, str] | None = None) -> S:
    """Read settings from `environ` (the process environment by default).

    Raises SettingsError naming the first variable that is missing or wrong.
    """
    source = os.environ if environ is None else environ
    names = {name: PREFIX + name.upper() for name in cls.model_fields}
    texts = {name: _text_of(source, variable) for name, variable in names.items()}
    values: dict[str, Any] = {name: value for name, value in texts.items() if value != ""}
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0])
        raise SettingsError(f"{PREFIX}{name.upper()}: {_explain(cls, name, first)}") from None


def _text_of(source: Mapping[str, str], variable: str) -> str:
    """The value of a variable, or what is in the file that it names; empty when there is none."""
    value, file = source.get(variable, ""), source.get(f"{variable}_FILE", "")
    if not file:
        return value
    if value:
        raise SettingsError(f"{variable}: is set, and {variable}_FILE as well")
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "is not text"
        raise SettingsError(f"{variable}_FILE: cannot be read: {reason}") from None


def _explain(cls: type[ServerSettings], name: str, fault: ErrorDetails) -> str:
    if fault["type"] == "missing":
        return "is not set"
    if fault["type"] == "string_pattern_mismatch":
        examples = " or ".join(map(str, cls.model_fields[name].examples or ()))
        return f"must look like {examples}, with special characters percent-encoded"
    return fault["msg"].removeprefix("Value error, ")
