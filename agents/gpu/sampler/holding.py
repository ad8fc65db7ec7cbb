"""Who holds a device at one look. Pure.

An allocator's word decides. Where there is none, or it gave the place to nobody, who has a process
on it holds it. What a look saw holds until the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.gpu.observed import Allocation, DeviceSeen, Owner, ProcessSeen, Standing
from agents.gpu.sampler.claims import Attribution, Claim, claim, marks, same_work
from agents.gpu.sampler.division import OUT_OF_SERVICE, UNOBSERVED, Division, Mode
from agents.gpu.sampler.look import Look
from agents.gpu.sampler.places import Layout, Place, layout, mode_of
from agents.gpu.sampler.terms import SharingRule

OF_A_MONITOR = "a monitor"  # a process that is among no owners


@dataclass(frozen=True, slots=True)
class Hold:
    """One holder of a place."""

    claim: Claim
    weight: int  # of the place
    pids: frozenset[int] = frozenset()  # its processes there
    memory_bytes: int | None = None  # that these have
    has_context: bool | None = True  # None: nobody can tell


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """A place, and who holds it."""

    place: Place
    holds: tuple[Hold, ...]
    unheld: int = 0  # weight of the place that nobody holds
    is_by_use: bool = False  # weights are found by what the holders did
    has_strangers: bool = False  # processes that belong to no holder of it
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Holding:
    """A device at one look."""

    places: tuple[HeldPlace, ...] = ()
    order: tuple[int, ...] = ()  # of all holds, place by place: the places of those who come first
    stranded: int = 0
    is_drained: bool = False
    mode: Mode | None = None
    instances: tuple[str, ...] | None = None  # of a MIG layout; None: not known
    fixed: Division | None = None  # what all of it is, whoever holds it
    flags: frozenset[str] = frozenset()


def grounds(device: DeviceSeen, look: Look) -> tuple[object, ...]:
    """Return all that who holds a device depends on.

    What it does meanwhile is not in it, nor what becomes of other devices.
    """
    cut, allotment = device.mig, look.allotment
    parts = (device.uuid, *(one.uuid for one in (cut.instances if cut else ())))
    return (
        device.uuid,
        device.standing,
        device.flags,
        device.memory_bytes,
        device.is_mps,
        device.processes,
        cut and (cut.compute_slices, cut.memory_bytes),
        cut and [(one.uuid, one.compute_slices, one.memory_bytes) for one in cut.instances],
        allotment.allocations is None,
        [one for one in allotment.allocations or () if one.device in parts],
        [allotment.replicas.get(uuid) for uuid in parts],
        allotment.is_drained,
        allotment.is_known,
        allotment.is_whole,
        device.uuid in allotment.conflicts,
        allotment.flags,
        [look.owners.get(one.pid, OF_A_MONITOR) for one in device.processes or ()],
        look.rules,
    )


def hold(device: DeviceSeen, look: Look, sharing: SharingRule) -> Holding:
    """Return who holds a device."""
    flags = device.flags | look.allotment.flags
    if device.standing is Standing.OUT_OF_SERVICE:
        return Holding(fixed=OUT_OF_SERVICE, flags=flags)
    if device.standing is Standing.UNREADABLE or not look.allotment.is_known:
        return Holding(fixed=UNOBSERVED, flags=flags)
    if look.allotment.allocations is None and device.processes is None:  # nobody can tell
        return Holding(fixed=UNOBSERVED, flags=flags | {"processes_unknown"})
    cut = layout(device, look)
    if not sum(place.weight for place in cut.places) + cut.stranded:
        return Holding(fixed=UNOBSERVED, flags=flags | {"mig_layout_unknown"})
    return _held(device, look, cut, sharing)


def _held(device: DeviceSeen, look: Look, cut: Layout, sharing: SharingRule) -> Holding:
    places = tuple(held_place(place, look, sharing) for place in cut.places)
    holders = max((len(place.holds) for place in places), default=0)
    replicas = look.allotment.replicas.get(device.uuid, 1)
    flags = device.flags.union(look.allotment.flags, *(place.flags for place in places))
    may_be_held = not look.allotment.is_whole and not any(place.holds for place in places)
    if device.uuid in look.allotment.conflicts:
        flags |= {"evidence_conflict"}
    if look.allotment.allocations is not None and any(_is_squatted(one, look) for one in places):
        flags |= {"not_allocated"}
    return Holding(
        places,
        _order([one.claim for held in places for one in held.holds]),
        cut.stranded,
        look.allotment.is_drained,
        mode_of(device, holders, replicas),
        cut.instances(),
        UNOBSERVED if may_be_held else None,
        flags,
    )


def _order(claims: Sequence[Claim]) -> tuple[int, ...]:
    return tuple(sorted(range(len(claims)), key=lambda place: claims[place].order()))


def _is_squatted(held: HeldPlace, look: Look) -> bool:
    given = {one.device for one in look.allotment.allocations or ()}
    return bool(held.holds) and held.place.uuid not in given


def held_place(place: Place, look: Look, sharing: SharingRule) -> HeldPlace:
    """Return who holds one place."""
    given = [one for one in look.allotment.allocations or () if one.device == place.uuid]
    if given:
        return _by_allocation(place, look, given, sharing)
    return _by_process(place, look, sharing)


def _by_allocation(
    place: Place, look: Look, given: Sequence[Allocation], sharing: SharingRule
) -> HeldPlace:
    replicas = look.allotment.replicas.get(place.uuid, 1)
    is_by_use = max(replicas, len(given)) > 1 and sharing != "reserved"
    way = _attribution(place, replicas, len(given), sharing)
    weights: dict[Claim, int] = {}
    owners: dict[Claim, Owner] = {}
    flags: frozenset[str] = frozenset()
    for one in given:
        key, wrong = claim(one.owner, look, way, place.instance)
        flags |= wrong
        weights[key] = weights.get(key, 0) + one.replicas if way == "reserved_replica" else 1
        owners[key] = one.owner
    unheld = max(0, replicas - sum(weights.values())) if way == "reserved_replica" else 0
    theirs, strangers = _matched(place, look, owners)
    holds = tuple(_hold(place, key, weights[key], theirs[key], strangers) for key in weights)
    return HeldPlace(place, holds, unheld, is_by_use, bool(strangers), flags)


def _attribution(place: Place, replicas: int, given: int, sharing: SharingRule) -> Attribution:
    if max(replicas, given) == 1:
        return "mig_dominant" if place.instance else "allocation"
    if sharing == "active_blend":
        return "active_blend"
    if sharing == "dominant":
        return "dominant_share"
    return "reserved_replica" if replicas > 1 else "equal"


def _matched(
    place: Place, look: Look, owners: dict[Claim, Owner]
) -> tuple[dict[Claim, list[ProcessSeen]], list[ProcessSeen]]:
    """Return the processes of each claim, and those of none.

    Where one has all of the place, whoever cannot be told from it is its own.
    """
    theirs: dict[Claim, list[ProcessSeen]] = {key: [] for key in owners}
    known_by = {mark: key for key, owner in owners.items() for mark in marks(owner)}
    strangers = []
    for process in place.processes or ():
        if process.pid not in look.owners:
            continue  # of this agent or of a monitor
        key = _whose(look.owners[process.pid], owners, known_by)
        if key is None:
            strangers.append(process)
        else:
            theirs[key].append(process)
    return theirs, strangers


def _whose(
    owner: Owner | None, owners: dict[Claim, Owner], known_by: dict[tuple[str, ...], Claim]
) -> Claim | None:
    for mark in marks(owner) if owner else ():
        key = known_by.get(mark)
        if key is not None and owner and same_work(owners[key], owner):
            return key
    if len(owners) > 1:
        return None
    [(only, mine)] = owners.items()
    return only if owner is None or same_work(mine, owner) is None else None


def _hold(
    place: Place, key: Claim, weight: int, theirs: list[ProcessSeen], strangers: list[ProcessSeen]
) -> Hold:
    """Return a holder of a place with its processes; any stranger may be one of them."""
    if place.processes is None or (strangers and not theirs):
        return Hold(key, weight, has_context=None)
    pids = frozenset(one.pid for one in theirs)
    return Hold(key, weight, pids, memory(theirs), bool(theirs))


def _by_process(place: Place, look: Look, sharing: SharingRule) -> HeldPlace:
    """Return who has a process on a place, in equal parts."""
    theirs: dict[Claim, list[ProcessSeen]] = {}
    flags: frozenset[str] = frozenset()
    for process in place.processes or ():
        if process.pid in look.owners:
            found, wrong = claim(look.owners[process.pid], look, "process", place.instance)
            flags |= wrong
            key = found._replace(evidence=(*found.evidence, "process"))
            theirs.setdefault(key, []).append(process)
    is_by_use = len(theirs) > 1 and sharing != "reserved"
    if is_by_use:
        way: Attribution = "active_blend" if sharing == "active_blend" else "dominant_share"
        theirs = {key._replace(attribution=way): seen for key, seen in theirs.items()}
    holds = tuple(
        Hold(key, 1, frozenset(one.pid for one in seen), memory(seen))
        for key, seen in theirs.items()
    )
    return HeldPlace(place, holds, 0 if holds else 1, is_by_use, flags=flags)


def memory(processes: Sequence[ProcessSeen]) -> int | None:
    """Return the memory that processes have together; None when nobody knows it of one."""
    known = [one.memory_bytes for one in processes if one.memory_bytes is not None]
    return sum(known) if len(known) == len(processes) else None
