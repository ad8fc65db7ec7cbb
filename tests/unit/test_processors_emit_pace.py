"""When provisional lines are due, by the clock and by the work of a thread."""

from streams.processors.emit_pace import EmitPace


def emitted() -> EmitPace:
    """Return one that took 0.2 s of work from 50 s on, after 9.0 s of it in all."""
    pace = EmitPace(every_s=1.0, share_ratio=0.1)
    pace.emitted(began_s=50.0, took_s=0.2, worked_s=9.0)
    return pace


def test_lines_are_due_at_once() -> None:
    assert EmitPace(1.0, 0.1).is_due(0.0, 0.0, is_behind=True)


def test_who_has_read_everything_emits_as_often_as_is_allowed() -> None:
    assert not emitted().is_due(50.99, 99.0, is_behind=False)
    assert emitted().is_due(51.0, 9.0, is_behind=False)


def test_who_is_behind_does_nine_times_as_much_other_work_first() -> None:
    """0.2 s are a tenth of 2.0 s: 1.8 s of other work."""
    assert not emitted().is_due(90.0, 10.79, is_behind=True)
    assert emitted().is_due(90.0, 10.81, is_behind=True)


def test_a_machine_that_is_slow_puts_nothing_off() -> None:
    """Ten seconds by the clock for a tenth of a second of work; all is read: due a second on."""
    pace = EmitPace(1.0, 0.1)
    pace.emitted(began_s=50.0, took_s=0.1, worked_s=9.0)
    assert pace.is_due(60.0, 9.0, is_behind=False)
