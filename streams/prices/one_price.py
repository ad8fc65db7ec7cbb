"""One price for each thing: what two fields, or two keys, of a map say of it."""

from collections.abc import Iterable, Iterator

from streams.prices.found import Conflict, Fate, Found, NotUnderstood, Raise, Taken, Thing


def within_model(fates: list[Fate]) -> list[Fate]:
    """Return the fates of an entry: of two fields that price one thing differently one counts.

    A 0 gives way: such pairs split a price over two fields, one of which is all of it.
    """
    best: dict[Thing, Found] = {}
    for fate in fates:
        for found in fate.prices if isinstance(fate, Taken) else ():
            known = best.get(found.thing)
            if known is None or (not known.price and found.price):
                best[found.thing] = found
    return [_agreeing(fate, best) if isinstance(fate, Taken) else fate for fate in fates]


def _agreeing(fate: Taken, best: dict[Thing, Found]) -> Fate:
    for found in fate.prices:
        kept = best[found.thing]
        if found.price and found.price != kept.price:
            field = ".".join(kept.path)
            return NotUnderstood(fate.leaf, f"{field} says {kept.price} for the same thing")
    return Taken(fate.leaf, tuple(best[found.thing] for found in fate.prices), fate.raises)


def between_models(
    prices: Iterable[tuple[Found, int]],
) -> tuple[tuple[Found, ...], tuple[Conflict, ...]]:
    """Return one price a thing of all keys', and the ones that another overruled.

    A 0 gives way. `int`: how far a key is from the provider's own listing; the nearest one counts,
    of those as near the longer key, which says more, then the first by name.
    """
    chosen: dict[Thing, Found] = {}
    conflicts = []
    for found, _ in sorted(prices, key=precedence):
        kept = chosen.setdefault(found.thing, found)
        if kept.price != found.price:
            conflicts.append(Conflict(kept, found))
    return tuple(chosen.values()), tuple(conflicts)


def one_factor(fates: Iterable[Fate]) -> Iterator[Fate]:
    """Yield fates: of two keys that raise one model by different factors only the first counts."""
    chosen: dict[tuple[str, str, str], Raise] = {}
    for fate in fates:
        clash = None
        for raised in fate.raises if isinstance(fate, Taken) else ():
            kept = chosen.setdefault((raised.provider, raised.model, raised.region), raised)
            clash = kept if kept.factor != raised.factor else clash
        if clash:
            yield NotUnderstood(fate.leaf, f"{clash.key} says {clash.factor} for the same region")
        else:
            yield fate


def precedence(each: tuple[Found, int]) -> tuple[bool, int, int, str]:
    """Return what prices of one thing are ordered by, the one that counts first."""
    found, distance = each
    return not found.price, distance, -len(found.key), found.key
