"""What the answer to an upload tells: whose bytes they are already, and when data changed."""

import pytest
import urllib3

from tests.integration.catalog.lab import Lab, about, problem


def same(answer: urllib3.BaseHTTPResponse) -> list[tuple[str, int, str]]:
    """What an upload's answer tells of the same bytes elsewhere."""
    assert answer.status == 202, answer.data
    return [
        (one["dataset_id"], one["version"], one["message"]) for one in answer.json()["same_bytes"]
    ]


def test_same_bytes_again_name_the_dataset_that_they_are(lab: Lab) -> None:
    """One's own, with what to do; one's own older version; and the newest's, which make none."""
    token, content = lab.token("mbr_same", "owner"), b"com;nom\n27229;Evreux\n"
    first = lab.post_file("/datasets", token, about(title="Un"), content)
    assert same(first) == []
    known = first.json()["id"]
    ((dataset, version, said),) = same(lab.post_file("/datasets", token, about(), content))
    assert (dataset, version) == (known, 1)
    assert said == (
        f"ce fichier est, octet pour octet, la version 1 de « Un » ({known}) : si c'est le même"
        " jeu, retirez l'un des deux"
    )
    path = f"/datasets/{known}/versions"
    told = same(lab.post_file(path, token, {}, content))
    assert told[0][:2] == (known, 1)
    assert "de ce jeu : aucune version n'est ajoutée" in told[0][2]
    assert same(lab.post_file(path, token, {}, content + b"14118;Caen\n")) == []
    told = [one for one in same(lab.post_file(path, token, {}, content)) if one[0] == known]
    assert [one[:2] for one in told] == [(known, 1)]
    assert told[0][2].endswith("la version 1 de ce jeu")


@pytest.mark.parametrize("access", ["open", "restricted"])
def test_same_bytes_of_another_owner_are_told_where_one_may_read_them(
    lab: Lab, access: str
) -> None:
    """Who guesses at data that is restricted, or waits to be published, has nothing confirmed."""
    owner, content = f"mbr_{access}", f"com;nom\n14118;{access}\n".encode()
    token, other = lab.token(owner, "owner"), lab.token("mbr_guess", "owner")
    known = lab.post_file("/datasets", token, about(access=access), content).json()["id"]
    assert same(lab.post_file("/datasets", other, about(), content)) == []
    lab.ingest(known, 1)
    told = same(lab.post_file("/datasets", lab.token("mbr_third", "owner"), about(), content))
    assert [one[0] for one in told] == ([known] if access == "open" else [])
    assert all("retirez" not in one[2] for one in told)


def test_day_the_source_changed_the_data_comes_with_the_upload(lab: Lab) -> None:
    """Of each version its own; the day of the upload is none, and one to come is refused."""
    token = lab.token("mbr_dated", "owner")
    made = lab.post_file("/datasets", token, about(modified="2024-05-02"), b"com\n14118\n").json()
    assert (made["modified"], made["versions"][0]["modified"]) == ("2024-05-02", "2024-05-02")
    path = f"/datasets/{made['id']}/versions"
    again = lab.post_file(path, token, {}, b"com\n27229\n").json()
    assert [one["modified"] for one in again["versions"]] == ["2024-05-02", None]
    assert again["modified"] is None
    body = {"modified": "2024-06-01"}
    changed = lab.call("PATCH", f"/datasets/{made['id']}", token, json=body).json()
    assert [one["modified"] for one in changed["versions"]] == ["2024-05-02", "2024-06-01"]
    late = lab.post_file("/datasets", token, about(modified="2999-01-01"))
    assert "modified" in problem(late, 422)
