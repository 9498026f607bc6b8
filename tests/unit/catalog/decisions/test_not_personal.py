"""An owner says that what was found is no personal data, and why: what that lifts."""

import pytest

from services.catalog.access.asking import ask
from services.catalog.access.model import ProjectAccess
from services.catalog.datasets.bodies import ChangeDataset
from services.catalog.datasets.editing import check
from services.catalog.datasets.metadata import AccessLevel
from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.decisions.not_personal import NotPersonal
from shared.engine.tables.manifest import Profile
from shared.engine.tables.privacy import Finding, Privacy, Role
from shared.errors import Invalid, WrongStage
from shared.events import DatasetHeld, InputsChecked, NotPersonalAnswered, NotPersonalDeclared
from tests.unit.catalog.access.test_asking import facts
from tests.unit.catalog.samples import made_of, metadata, profile, published, ref, registered

SHIPS = "ce sont les noms de navires du port"
STAFF = "mbr_staff"


def finding(column: str, kind: str = "full_name", confidence: float = 0.8) -> Finding:
    """A column that names persons."""
    role: Role = "quasi" if kind in {"sex", "place"} else "direct"
    role = "sensitive" if kind == "health" else role
    return Finding(column=column, kind=kind, role=role, rows=3, confidence=confidence)


def screened(*findings: Finding) -> Profile:
    """The profile of a table in which that was found."""
    roles = {finding.role for finding in findings}
    verdict = "direct" if "direct" in roles else "quasi" if roles else "none"
    privacy = Privacy(verdict=verdict, subject="persons", findings=findings, k=1)
    return profile("commune").model_copy(update={"privacy": privacy})


def read_as(*findings: Finding, access: AccessLevel = "restricted") -> Dataset:
    """A dataset in whose only version that was found."""
    return published("dts_buses", metadata(access=access), shown=screened(*findings))


def publish_next(dataset: Dataset, *findings: Finding) -> None:
    """Another version, in which that was found."""
    number = len(dataset.versions) + 1
    dataset.register(VersionContent(file=ref(str(number)), filename="a.csv"))
    dataset.publish(number, ref("c"), screened(*findings), f"job_{number}")


def declared(dataset: Dataset, *columns: str) -> NotPersonal:
    """What its owner declares of these columns."""
    dataset.declare(None, columns, SHIPS)
    (declaration,) = dataset.versions[-1].not_personal
    return declaration


def test_doubtful_names_are_nobody_s_by_their_owner_s_word() -> None:
    """The version is public; what was found stays, and says who declared what and why."""
    dataset = read_as(finding("navire"))
    assert dataset.state == "held"
    declaration = declared(dataset, "navire")
    assert (dataset.state, dataset.versions[0].reason) == ("published", "")
    assert (declaration.declared_by, declaration.reason, declaration.holds) == (
        "mbr_owner",
        SHIPS,
        True,
    )
    version = dataset.versions[0]
    assert version.screened_privacy is not None
    assert version.screened_privacy.verdict == "direct"
    assert version.privacy is not None
    assert (version.privacy.verdict, version.privacy.k) == ("none", None)
    assert (
        "Le propriétaire déclare que « navire » (nom et prénom) n'est pas une donnée personnelle :"
        f" « {SHIPS} »" in version.about_persons
    )
    (event,) = [event for event in dataset.recorded() if isinstance(event, NotPersonalDeclared)]
    assert (event.columns, event.kinds, event.needs_answer) == (("navire",), ("full_name",), False)


def test_said_again_changes_nothing_and_otherwise_replaces() -> None:
    """A command may come twice."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    events = len(dataset.recorded())
    declared(dataset, "navire")
    assert len(dataset.recorded()) == events
    dataset.declare(None, ("navire",), "des bateaux")
    assert [declaration.reason for declaration in dataset.versions[0].not_personal] == [
        "des bateaux"
    ]


@pytest.mark.parametrize(
    ("kind", "confidence", "is_enough"),
    [
        ("nir", 0.99, False),
        ("email", 1.0, False),
        ("email", 0.6, True),
        ("surname", 1.0, True),
        ("address", 0.9, False),
        ("mention", 0.95, False),
        ("persons", 0.9, False),
        ("birth_date", 1.0, False),
    ],
)
def test_what_is_found_surely_needs_the_staff_s_word(
    kind: str, confidence: float, *, is_enough: bool
) -> None:
    """Held as before, until somebody who is not its owner confirms it."""
    dataset = read_as(finding("x", kind, confidence))
    declaration = declared(dataset, "x")
    assert (declaration.needs_word, dataset.state) == (
        not is_enough,
        "published" if is_enough else "held",
    )
    assert ("Sans la confirmation" in dataset.versions[0].about_persons) != is_enough
    dataset.answer_declaration(None, (), "confirm", STAFF, "vu avec l'exploitant")
    assert dataset.state == "published"
    assert "Le Datalab le confirme : « vu avec" in dataset.versions[0].about_persons


@pytest.mark.parametrize(
    ("beside", "is_enough"),
    [
        (finding("commune", "place"), True),
        (finding("maladie", "health", 0.7), False),
        (finding("ne_le", "birth_date", 1.0), False),
        (finding("sexe", "sex", 1.0), False),
        (finding("domicile", "address", 0.9), False),
    ],
)
def test_names_beside_what_only_persons_have_need_the_staff_s_word(
    beside: Finding, *, is_enough: bool
) -> None:
    """Whether that is declared as well or not; what the staff confirmed to be nobody's is not."""
    dataset = read_as(finding("navire"), beside)
    assert declared(dataset, "navire").needs_word != is_enough
    both = read_as(finding("navire"), beside)
    assert declared(both, "navire", beside.column).needs_word != is_enough
    after = read_as(finding("navire"), beside)
    declared(after, beside.column)
    after.answer_declaration(None, (), "confirm", STAFF, "")
    after.declare(None, ("navire",), SHIPS)
    assert not after.versions[0].not_personal[-1].needs_word


def test_refusal_is_known_by_what_was_refused() -> None:
    """Its file, its table and its columns' counts; of a deleted dataset its file."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    assert dataset.refused == []
    dataset.answer_declaration(None, (), "refuse", STAFF, "non")
    version = dataset.versions[0]
    assert {version.file.sha256, ref("b").sha256} < {*dataset.refused}
    other = read_as(finding("navire"))
    other.declare(None, ("navire",), SHIPS, refused=dataset.refused)
    assert (other.state, other.versions[0].not_personal[0].needs_word) == ("held", True)
    assert version.without_content().marks == {version.file.sha256}


def test_refused_declaration_holds_the_version_again() -> None:
    """Said anew it needs the staff's word; what is refused cannot be confirmed any more."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    dataset.answer_declaration(None, ("navire",), "refuse", STAFF, "ce sont des patrons pêcheurs")
    assert dataset.state == "held"
    assert [event.columns for event in dataset.recorded() if isinstance(event, DatasetHeld)] == [
        ("navire",)
    ] * 2
    events = [event for event in dataset.recorded() if isinstance(event, NotPersonalAnswered)]
    assert [(event.answer, event.answered_by) for event in events] == [("refuse", STAFF)]
    with pytest.raises(WrongStage, match="rien n'est déclaré"):
        dataset.answer_declaration(None, (), "confirm", STAFF, "")
    dataset.declare(None, ("navire",), "si, des navires")
    assert (dataset.state, dataset.versions[0].not_personal[-1].needs_word) == ("held", True)


def test_withdrawn_declaration_is_told_to_nobody_any_more() -> None:
    """The version is held again."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    dataset.answer_declaration(1, (), "withdraw", "mbr_owner", "")
    assert dataset.state == "held"
    assert SHIPS not in dataset.versions[0].about_persons


def test_column_in_which_nothing_was_found_cannot_be_declared() -> None:
    """The reason is French; nor can a version that nobody has read."""
    dataset = read_as(finding("navire"))
    with pytest.raises(Invalid, match="rien n'a été repéré dans « port »") as refused:
        dataset.declare(None, ("navire", "port"), SHIPS)
    assert refused.value.field == "columns"
    with pytest.raises(WrongStage, match="n'a pas été lue"):
        registered().declare(None, ("navire",), SHIPS)


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ([finding("navire")], "published"),
        ([finding("navire", confidence=0.7)], "published"),
        ([finding("navire", confidence=0.95)], "held"),
        ([finding("navire").model_copy(update={"rows": 4})], "held"),
        ([], "published"),
        ([finding("navire", "surname")], "held"),
        ([finding("navire"), finding("capitaine")], "held"),
        ([finding("navire"), finding("sexe", "sex")], "held"),
    ],
)
def test_later_version_takes_it_over_where_nothing_else_is_found(
    later: list[Finding], state: str
) -> None:
    """The same, or less; any other finding leaves nothing of it."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    publish_next(dataset, *later)
    version = dataset.versions[1]
    assert (version.state, bool(version.not_personal)) == (state, state == "published")


def test_refusal_holds_every_version_that_took_it_over() -> None:
    """Else the one before would be shown in its place."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    publish_next(dataset, finding("navire"))
    dataset.answer_declaration(None, (), "refuse", STAFF, "non")
    assert [version.state for version in dataset.versions] == ["held", "held"]
    assert dataset.published is None


def test_declared_data_may_be_opened() -> None:
    """Nothing else keeps it; refused afterwards, it is nobody's to read."""
    dataset, opens = read_as(finding("navire")), ChangeDataset.model_validate({"access": "open"})
    with pytest.raises(Invalid, match="nomme des personnes"):
        check(dataset, opens)
    declared(dataset, "navire")
    check(dataset, opens)
    dataset.describe(opens.applied_to(dataset.metadata))
    dataset.answer_declaration(None, (), "refuse", STAFF, "non")
    assert (dataset.state, dataset.metadata.access) == ("held", "open")


def test_result_of_others_data_needs_the_staff_s_word() -> None:
    """Its holder alone lifts nothing of what others' data tells."""
    dataset = registered("dts_r", metadata(access="restricted"))
    dataset.project_id, dataset.source_owners = "prj_1", ["mbr_other"]
    privacy = screened(finding("navire")).privacy
    dataset.versions[0].provenance = made_of(privacy=privacy, restricted_ids=("dts_x",))
    dataset.publish(1, ref("b"), screened(finding("navire")), "job_1")
    assert declared(dataset, "navire").needs_word
    assert dataset.state == "held"


def test_owner_and_reviewer_read_it() -> None:
    """Those who are asked for the data, and who reviews the project, each by its own text."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    fields = {"dts_buses": dataset, "dts_towns": None}
    assert SHIPS in ask(facts(), "dts_buses", fields).privacy
    access = ProjectAccess(id="prj_1")
    access.tell_inputs(1, (), {"dts_buses": dataset})
    dataset.answer_declaration(None, (), "confirm", STAFF, "exact")
    assert access.says_otherwise({"dts_buses": dataset})
    access.tell_again({"dts_buses": dataset})
    access.tell_again({"dts_buses": dataset})
    persons = [event.persons for event in access.recorded() if isinstance(event, InputsChecked)]
    assert [SHIPS in note.said for (note,) in persons] == [True, True]
    assert ["exact" in note.said for (note,) in persons] == [False, True]


def test_nothing_that_was_written_stays_of_a_deleted_dataset() -> None:
    """Who declared something, and when, does."""
    dataset = read_as(finding("navire"))
    declared(dataset, "navire")
    left = dataset.versions[0].without_content().not_personal[0]
    assert (left.reason, left.findings, left.declared_by) == ("", (), "mbr_owner")
