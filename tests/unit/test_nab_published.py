"""The scorer gives a published detector the points that were published of it, series by series.

The benchmark lists points per series for its windowed Gaussian, 39.6 over all 58 (numenta/NAB,
results/windowedGaussian). They depend on the other series only through the threshold, which it
prints as 1.0. It is below: there is one at which all points agree, and it shows so.
"""

from functools import cache
from pathlib import Path

import pytest

from tests.nab.__main__ import scored
from tests.nab.corpus import Series, read_profiles, read_series, read_windows
from tests.nab.scoring import Profile, Result, Scored, Span, at_threshold
from tests.nab.windowed_gaussian import WindowedGaussian

THRESHOLD = 0.9999999999995981
STANDARD = {
    "artificialNoAnomaly/art_daily_no_noise.csv": 0.0,
    "artificialNoAnomaly/art_daily_perfect_square_wave.csv": 0.0,
    "artificialNoAnomaly/art_daily_small_noise.csv": 0.0,
    "artificialNoAnomaly/art_flatline.csv": 0.0,
    "artificialNoAnomaly/art_noisy.csv": 0.0,
    "artificialWithAnomaly/art_daily_flatmiddle.csv": -1.0,
    "artificialWithAnomaly/art_daily_jumpsdown.csv": -1.0,
    "artificialWithAnomaly/art_daily_jumpsup.csv": -1.0,
    "artificialWithAnomaly/art_daily_nojump.csv": -1.0,
    "artificialWithAnomaly/art_increase_spike_density.csv": -1.0,
    "artificialWithAnomaly/art_load_balancer_spikes.csv": -0.692444609523,
    "realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv": -1.26667875935,
    "realAWSCloudwatch/ec2_cpu_utilization_53ea38.csv": -0.141423196117,
    "realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv": -2.0,
    "realAWSCloudwatch/ec2_cpu_utilization_77c1ca.csv": -1.0,
    "realAWSCloudwatch/ec2_cpu_utilization_825cc2.csv": 0.956537840284,
    "realAWSCloudwatch/ec2_cpu_utilization_ac20cd.csv": 0.86067182427,
    "realAWSCloudwatch/ec2_cpu_utilization_c6585a.csv": -1.32,
    "realAWSCloudwatch/ec2_cpu_utilization_fe7f93.csv": 0.638757791772,
    "realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv": -4.19089678552,
    "realAWSCloudwatch/ec2_disk_write_bytes_c0d644.csv": -1.09599853032,
    "realAWSCloudwatch/ec2_network_in_257a54.csv": 0.86067182427,
    "realAWSCloudwatch/ec2_network_in_5abac7.csv": -3.52193223519,
    "realAWSCloudwatch/elb_request_count_8c0756.csv": -0.138449197924,
    "realAWSCloudwatch/grok_asg_anomaly.csv": 2.37942230674,
    "realAWSCloudwatch/iio_us-east-1_i-a2eb1cd9_NetworkIn.csv": -2.0,
    "realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv": -0.138449197924,
    "realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv": -0.138449197924,
    "realTraffic/TravelTime_387.csv": -1.79598133079,
    "realTraffic/TravelTime_451.csv": -1.0,
    "realTraffic/occupancy_6005.csv": -1.0,
    "realTraffic/occupancy_t4013.csv": 1.72522152023,
    "realTraffic/speed_6005.csv": 0.832538201468,
    "realTraffic/speed_7578.csv": 3.47059145681,
    "realTraffic/speed_t4013.csv": 1.76631783122,
}
OTHERS = {  # where detections, misses and false alarms all occur: points if either weighs double
    "realTraffic/TravelTime_387.csv": (-2.45598133079, -3.79598133079),
    "realTraffic/speed_7578.csv": (3.36059145681, 3.47059145681),
    "realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv": (-2.39490832077, -2.26667875935),
    "realAWSCloudwatch/ec2_disk_write_bytes_c0d644.csv": (-3.0909727984, -2.09599853032),
    "artificialWithAnomaly/art_load_balancer_spikes.csv": (-2.34244460952, -0.692444609523),
}

pytestmark = pytest.mark.shared


@cache
def corpus(folder: Path) -> tuple[dict[str, Series], dict[str, list[Span]], list[Profile]]:
    found = {one.name: one for one in read_series(folder)}
    return found, read_windows(folder, found), read_profiles(folder)


@cache
def results(folder: Path) -> dict[str, Result]:
    found, windows, profiles = corpus(folder)
    said = [
        Scored(name, scored(lambda _: WindowedGaussian(), one).scores, windows[name])
        for name, one in found.items()
    ]
    return {profile.name: at_threshold(said, profile, THRESHOLD) for profile in profiles}


def test_every_series_has_its_published_points(shared_data: Path) -> None:
    assert results(shared_data / "nab")["standard"].points == pytest.approx(STANDARD, abs=1e-10)


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_profiles_have_theirs(shared_data: Path, name: str) -> None:
    found = results(shared_data / "nab")
    less_false, less_missed = (
        found[f"reward_low_{kind}_rate"].points[name] for kind in ("FP", "FN")
    )
    assert (less_false, less_missed) == pytest.approx(OTHERS[name], abs=1e-10)


def test_finding_nothing_is_0_and_finding_all_at_once_100(shared_data: Path) -> None:
    found, windows, profiles = corpus(shared_data / "nab")
    scores = {name: [0.0] * len(one.values) for name, one in found.items()}
    silent = [Scored(name, scores[name], windows[name]) for name in found]
    assert [at_threshold(silent, profile, 0.5).normalised for profile in profiles] == [0.0] * 3
    for name, spans in windows.items():
        for first, _ in spans:
            scores[name][first] = 1.0
    perfect = [at_threshold(silent, profile, 0.5).normalised for profile in profiles]
    assert perfect == pytest.approx([100.0] * 3)
