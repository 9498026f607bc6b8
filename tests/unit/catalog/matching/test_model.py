"""Which datasets fit a project, and the reasons given."""

from services.catalog.datasets.model import Dataset
from services.catalog.datasets.versions import VersionContent
from services.catalog.matching.model import BEST, best_matches, traits_of
from shared.events import Match
from tests.unit.catalog.samples import metadata, profile, project, published, ref, registered

OWN = published(
    "dts_own",
    metadata("Logements 2021", access="restricted"),
    keys=("commune", "iris"),
    owner_id="mbr_h",
)


def matches(
    *datasets: Dataset, own: tuple[Dataset, ...] = (OWN,), **changes: object
) -> list[Match]:
    """What the project is told about `datasets`."""
    asking = project(dataset_ids=("dts_own",), **changes)
    return list(best_matches(traits_of(asking, own), datasets))


def test_shared_key_is_the_first_reason() -> None:
    """A dataset with the same key column says on which key it crosses with which table."""
    [match] = matches(published(about=metadata("EPCI"), keys=("commune", "siren")))
    assert match.shared_keys == ("commune",)
    assert match.reasons == ("Se croise avec vos données « Logements 2021 » sur le code commune.",)


def test_commune_lies_in_its_department() -> None:
    """A dataset of a commune covers a project of its department, and the other way round."""
    about = metadata("X", theme="habitat", territory=("27229", "14118", "76"))
    [match] = matches(published(about=about))
    assert match.reasons[1:] == ("Couvre votre territoire : Eure.",)
    about = metadata("X", theme="habitat", territory=("27", "76"))
    [match] = matches(published(about=about), territory=("27229", "76540"))
    assert match.reasons[1:] == ("Couvre votre territoire : Eure et Seine-Maritime.",)


def test_territory_alone_is_no_reason() -> None:
    """Half of a regional catalogue covers any place of it."""
    assert matches(published(about=metadata("X", territory=("27",)))) == []


def test_common_words_are_shown_as_the_holder_wrote_them() -> None:
    """Plural and accents do not matter, stop words and numbers do not count."""
    [match] = matches(
        published(about=metadata("Logement vacant dans les 2026")),
        title="Logements 2026",
        problem="",
    )
    assert match.reasons == ("Mots en commun : logements.",)


def test_words_of_one_meaning_are_a_reason() -> None:
    """What the administration calls otherwise; said once, and not of words in common."""
    about = metadata("Aménagements cyclables")
    [match] = matches(published(about=about), title="Circuler à vélo", problem="", theme="x")
    assert match.reasons == ("Même sens : « vélo » (« aménagement cyclable » ici).",)
    [match] = matches(published(about=metadata("Vélo")), title="À vélo", problem="", theme="x")
    assert match.reasons == ("Mots en commun : vélo.",)


def test_restricted_data_is_matched_and_says_so() -> None:
    """Metadata is public: the holder learns that the owner has to agree."""
    [match] = matches(published(about=metadata("X", theme="habitat", access="restricted")))
    assert match.reasons[-1] == "Accès restreint : le propriétaire devra donner son accord."


def test_result_of_restricted_data_says_that_each_owner_has_to_agree() -> None:
    """The holder learns that there are several to convince; for its own result, all but itself."""
    result = published(about=metadata("X", theme="habitat", access="restricted"))
    result.source_owners = ["mbr_o"]
    [match] = matches(result)
    assert match.reasons[-1] == "Accès restreint : chaque propriétaire devra donner son accord."
    result.owner_id = "mbr_h"
    [match] = matches(result)
    assert match.reasons[-1] == "Accès restreint : le propriétaire devra donner son accord."


def test_own_restricted_data_needs_nobody() -> None:
    """Another table of the holder's is matched without a word about access."""
    about = metadata("X", theme="habitat", access="restricted")
    [match] = matches(published("dts_other", about, owner_id="mbr_h"))
    assert match.reasons == ("Même thème : habitat.",)


def test_project_is_not_advised_a_copy_of_its_own_datasets() -> None:
    """The same title and bytes, sent once more or by somebody else, are no discovery either."""
    copy = published("dts_copy", OWN.metadata, keys=("commune",), owner_id="mbr_other")
    assert matches(copy) == []


def test_same_data_is_advised_once() -> None:
    """Of two datasets with one title and the same bytes, the older one."""
    about = metadata("EPCI", theme="habitat")
    best_matches = matches(published("dts_b", about), published("dts_a", about))
    assert [match.dataset_id for match in best_matches] == ["dts_a"]


def test_other_bytes_or_another_title_are_other_data() -> None:
    """Neither last year's table nor a namesake hides a dataset."""
    last_year = published("dts_b", metadata("EPCI", theme="habitat"))
    last_year.register(VersionContent(file=ref("c"), filename="b.csv"))
    last_year.publish(2, ref("d"), profile(), "job_2")
    namesakes = [
        published(f"dts_{title}", metadata(title, theme="habitat")) for title in ("EPCI", "Autre")
    ]
    assert len(matches(last_year, *namesakes)) == 3


def test_foreign_table_named_as_own_gives_no_keys() -> None:
    """Only the holder's own datasets are its data: others', published or not, are not named."""
    open_one = published(about=metadata("X", theme="habitat"), keys=("commune",))
    about = metadata("Secret")
    waiting = registered("dts_own", about, owner_id="mbr_other")
    for foreign in (published("dts_own", about, keys=("commune",), owner_id="mbr_other"), waiting):
        [match] = matches(open_one, own=(foreign,))
        assert (match.shared_keys, match.reasons) == ((), ("Même thème : habitat.",))


def test_best_ten_come_first() -> None:
    """More reasons rank higher, ties by title; at most ten are told."""
    datasets = [
        published(f"dts_{n:02}", metadata(f"T{n:02}", theme="habitat")) for n in range(BEST + 2)
    ]
    datasets.append(published("dts_key", metadata("Z", theme="habitat"), keys=("commune",)))
    best_matches = matches(*reversed(datasets))
    assert [match.title for match in best_matches] == ["Z", *(f"T{n:02}" for n in range(BEST - 1))]


def test_share_alike_data_tells_what_the_result_becomes() -> None:
    """Before anything is crossed the holder knows under which licence it may publish."""
    [match] = matches(published(about=metadata("Voies", licence="ODbL"), keys=("commune",)))
    assert match.reasons[1:] == (
        "Le résultat du croisement se publie sous Open Database License (ODbL) 1.0 seulement.",
    )
