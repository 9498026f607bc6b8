"""What a queued job is told of its place."""

from services.compute.execution.fair_queue import Turns
from services.compute.execution.waiting_line import QueuePlace, in_turn
from services.compute.jobs.model import Job
from tests.unit.compute.execution.test_fair_queue import a_job


def a_treatment(member: str, number: int, project: str) -> Job:
    """The member's job of a project that is called as it is."""
    job = a_job(member, number, project, "trial")
    job.project_id, job.title = project, project
    return job


def test_next_job_of_a_lonely_member_waits_for_nobody() -> None:
    """Nothing is said of what is not there."""
    assert QueuePlace(a_job("m", 1)).in_french(is_own=True) == "prochain de votre file"


def test_share_of_a_member_is_told_whatever_runs() -> None:
    """It says nothing of what the member computes now."""
    place = QueuePlace(a_job("m", 1), most_at_once=2)
    expected = "prochain de votre file ; au plus 2 de vos traitements à la fois"
    assert place.in_french(is_own=True) == expected


def test_owner_reads_which_of_its_projects_come_first_and_how_many_others_wait() -> None:
    """Of others it reads numbers."""
    before = [a_treatment("m", 1, "Arrêts"), a_treatment("m", 2, "Logements")]
    place = QueuePlace(a_treatment("m", 3, "Logements"), before, False, 2, 3, 1)
    assert place.in_french(is_own=True) == (
        "3ᵉ de votre file : 2 de vos traitements d'abord (« Arrêts »)"
        " ; 2 autres membres attendent aussi, chacun son tour"
        " ; 3 traitements en cours, dont 1 des vôtres"
    )


def test_others_who_see_the_job_read_no_title() -> None:
    """Its team knows this project, and not what else its holder computes."""
    place = QueuePlace(a_treatment("m", 3, "B"), [a_treatment("m", 1, "Secret")], False, 1, 1, 1)
    assert place.in_french(is_own=False) == (
        "2ᵉ de la file de ce membre : 1 de ses traitements d'abord"
        " ; 1 autre membre attend aussi, chacun son tour"
        " ; 1 traitement en cours, de ce membre"
    )


def test_order_is_the_one_in_which_turns_take_jobs() -> None:
    """The lane without a running job first, then the one that used least, then by age."""
    lanes = [[a_job("m", 10 * lane + at, f"prj_{lane}") for at in range(2)] for lane in range(3)]
    turns = Turns()
    turns.charge(lanes[1][0], 1000.0, 0.0)
    order = in_turn(lanes, [a_job("m", 99, "prj_0")], turns)
    assert [job.lane[-1] for job in order] == ["2", "1", "0", "2", "1", "0"]
