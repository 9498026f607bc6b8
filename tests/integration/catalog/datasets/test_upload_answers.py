"""What the answer to an upload tells: whose bytes they are already, and when data changed."""

import pytest
import urllib3

from tests.integration.catalog.lab import Lab, about, problem_of


def same(answer: urllib3.BaseHTTPResponse) -> list[tuple[str, int, str]]:
    """What an upload's answer tells of the same bytes elsewhere."""
    assert answer.status == 202, answer.data
    return [
        (version["dataset_id"], version["version"], version["message"])
        for version in answer.json()["same_bytes"]
    ]


def test_same_bytes_again_name_the_dataset_that_they_are(lab: Lab) -> None:
    """One's own, with what to do; one's own older version; and the newest's, which make none."""
    token, content = lab.token("mbr_same", "owner"), b"com;nom\n27229;Evreux\n"
    first = lab.post_file("/datasets", token, about(title="Un"), content)
    assert same(first) == []
    new_id = first.json()["id"]
    ((dataset, version, same_bytes),) = same(lab.post_file("/datasets", token, about(), content))
    assert (dataset, version) == (new_id, 1)
    assert same_bytes == (
        f"ce fichier est, octet pour octet, la version 1 de « Un » ({new_id}) : si c'est le même"
        " jeu, retirez l'un des deux"
    )
    path = f"/datasets/{new_id}/versions"
    same_versions = same(lab.post_file(path, token, {}, content))
    assert same_versions[0][:2] == (new_id, 1)
    assert "de ce jeu : aucune version n'est ajoutée" in same_versions[0][2]
    assert same(lab.post_file(path, token, {}, content + b"14118;Caen\n")) == []
    same_versions = [
        version for version in same(lab.post_file(path, token, {}, content)) if version[0] == new_id
    ]
    assert [version[:2] for version in same_versions] == [(new_id, 1)]
    assert same_versions[0][2].endswith("la version 1 de ce jeu")


@pytest.mark.parametrize("access", ["open", "restricted"])
def test_same_bytes_of_another_owner_are_told_where_one_may_read_them(
    lab: Lab, access: str
) -> None:
    """Who guesses at data that is restricted, or waits to be published, has nothing confirmed."""
    owner, content = f"mbr_{access}", f"com;nom\n14118;{access}\n".encode()
    token, other = lab.token(owner, "owner"), lab.token("mbr_guess", "owner")
    new_id = lab.post_file("/datasets", token, about(access=access), content).json()["id"]
    assert same(lab.post_file("/datasets", other, about(), content)) == []
    lab.ingest(new_id, 1)
    same_bytes = same(lab.post_file("/datasets", lab.token("mbr_third", "owner"), about(), content))
    assert [version[0] for version in same_bytes] == ([new_id] if access == "open" else [])
    assert all("retirez" not in version[2] for version in same_bytes)


def test_day_the_source_changed_the_data_comes_with_the_upload(lab: Lab) -> None:
    """Of each version its own; the day of the upload is none, and one to come is refused."""
    token = lab.token("mbr_dated", "owner")
    created = lab.post_file(
        "/datasets", token, about(modified="2024-05-02"), b"com\n14118\n"
    ).json()
    assert (created["modified"], created["versions"][0]["modified"]) == ("2024-05-02", "2024-05-02")
    path = f"/datasets/{created['id']}/versions"
    again = lab.post_file(path, token, {}, b"com\n27229\n").json()
    assert [response["modified"] for response in again["versions"]] == ["2024-05-02", None]
    assert again["modified"] is None
    body = {"modified": "2024-06-01"}
    changed = lab.call("PATCH", f"/datasets/{created['id']}", token, json=body).json()
    assert [version["modified"] for version in changed["versions"]] == ["2024-05-02", "2024-06-01"]
    late = lab.post_file("/datasets", token, about(modified="2999-01-01"))
    assert "modified" in problem_of(late, 422)
