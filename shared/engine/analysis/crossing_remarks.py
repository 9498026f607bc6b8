"""What is said of the keys of a crossing before it runs, in French."""

from shared.engine.analysis.repetition import Keys, Side
from shared.engine.contract.crossing_size import WAYS_OUT
from shared.engine.tables.crosswalks import CROSSWALKS
from shared.engine.tables.type_names import key_in_french
from shared.language.french import grouped, quoted


def keys_told(left: Side, right: Side) -> str:
    """State that the two keys are of different kinds, and which crosswalk connects them."""
    for side, name in ((left, "left_via"), (right, "right_via")):
        if side.via and side.kind and CROSSWALKS[side.via].source != side.kind:
            source = CROSSWALKS[side.via].source
            return f"{name} part de « {source} », et {quoted(side.key)} contient « {side.kind} »"
    if not left.space or not right.space or left.space == right.space:
        return ""
    message = (
        f"{quoted(left.key)} et {quoted(right.key)} ne sont pas de même nature"
        f" (« {left.space} » et « {right.space} ») : peu de clés se rencontreront"
    )
    ways = (("left_via", left, right), ("right_via", right, left))
    crosswalks = [
        f"{name} = « {crosswalk.name} »"
        for name, here, there in ways
        for crosswalk in CROSSWALKS.values()
        if not here.via and crosswalk.source == here.kind and crosswalk.space == there.space
    ]
    return (
        f"{message} ; {' ou '.join(crosswalks)} mène de l'une à l'autre" if crosswalks else message
    )


def codes_told(side: Side, other: Side) -> str:
    """State why a key that is named like codes will meet few of them; else empty."""
    profile, key = side.profile, quoted(side.key)
    if profile is None or side.kind or not (side.via or other.codes):
        return ""
    if profile.has_lost_zeros:
        return (
            f"les codes de {key} ont perdu leur zéro de tête : ils ne rencontreront pas ceux qui"
            " l'ont ; leur propriétaire peut le leur rendre, ou une étape « Nettoyer une table »"
        )
    if not profile.misnamed:
        return ""
    return (
        f"le nom de {key} annonce {key_in_french(profile.misnamed)}, mais ses valeurs n'en sont pas"
        " : peu de clés se rencontreront"
    )


def crossing_told(keys: Keys, *, is_kept: bool) -> str:
    """State what happens when a crossing repeats rows of both tables."""
    left, right = keys.left, keys.right
    why = (
        f"des valeurs de {quoted(left.key)} et de {quoted(right.key)} se trouvent sur plusieurs"
        " lignes de chaque table, et chacune se croise avec chaque autre"
    )
    if is_kept:
        return f"{_rows_told(keys)} : {why}, comme demandé"
    chosen = f"{_rows_told(keys)} : {why} ; {WAYS_OUT}"
    if keys.counted:
        return chosen
    return (
        f"{chosen}. L'essai donnera les chiffres exacts ; sans ce choix, si des lignes se"
        " multiplient, le calcul complet sera refusé"
    )


def _rows_told(keys: Keys) -> str:
    counted = keys.counted
    before = f"{grouped(keys.left_rows)} lignes" if keys.left_rows is not None else "les lignes"
    if counted is None:
        out = keys.estimate
        about = f" ({before} en donneraient environ {grouped(out)})" if out else ""
        return f"ce croisement pourrait multiplier les lignes{about}"
    out = keys.rows_out
    if out is None and counted.joined is not None and counted.joined > (keys.left_rows or 0):
        return f"{before} deviendraient au moins {grouped(counted.joined)}"
    if out is None or out == keys.left_rows:
        return "ce croisement répète des lignes des deux tables"
    return f"{before} deviendraient {grouped(out)}"
