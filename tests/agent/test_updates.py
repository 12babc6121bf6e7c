"""A device takes what its release key signed, whole and never older; else nothing changes."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gridplus.agent.updates import MANIFEST, Device, UpdateRefused, describe_file, read_release
from gridplus.failures import InputError
from gridplus.keystore import DeviceKey, KeyStore
from gridplus.wire.releases import Release, Version
from tests.cli.test_commands import gridplus

NOW_S = 1_800_000_000
DAY_S = 86_400


@dataclass
class Maker:
    """Who makes releases, and a device that pins his key."""

    folder: Path
    key: DeviceKey
    device: Device

    def release(self, version: str, *, key: DeviceKey | None = None) -> tuple[Release, Path]:
        folder = self.folder / f"release {version}"
        folder.mkdir(exist_ok=True)
        for name in ("agent.pyz", "notes.txt"):
            (folder / name).write_text(f"{name} of {version}")
        files = tuple(describe_file(folder / name) for name in ("agent.pyz", "notes.txt"))
        made = Release(Version.parse(version), NOW_S, NOW_S + 90 * DAY_S, files, bytes(64))
        made = made.signed((key or self.key).sign(made.message))
        (folder / MANIFEST).write_bytes(made.to_bytes())
        return read_release(folder), folder


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    key = KeyStore(tmp_path / "keys").create("release", DeviceKey)
    return Maker(tmp_path, key, Device(tmp_path / "root", key.public))


def tree(root: Path) -> dict[str, str]:
    """Everything below a folder, as text; links as where they point."""
    return {
        str(path.relative_to(root)): os.readlink(path) if path.is_symlink() else path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_a_signed_release_is_in_force_in_one_step_and_a_newer_one_after_it(maker: Maker) -> None:
    assert maker.device.current is None
    for version in ("1.2.3", "1.10.0"):
        release, folder = maker.release(version)
        assert maker.device.apply(release, folder, now_s=NOW_S) is None
        assert str(maker.device.current) == version
        in_force = maker.device.root / "current" / "agent.pyz"
        assert in_force.read_text() == f"agent.pyz of {version}"
    before = tree(maker.device.root)
    assert maker.device.apply(release, folder, now_s=NOW_S) is None  # again changes nothing
    assert tree(maker.device.root) == before


def spoil(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def unlink(folder: Path) -> None:
    (folder / "notes.txt").unlink()


def link(folder: Path) -> None:
    (folder / "notes.txt").rename(folder.parent / "notes.txt")
    (folder / "notes.txt").symlink_to(folder.parent / "notes.txt")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (spoil("notes.txt", "notes.txt of 2.0.1"), UpdateRefused.WRONG_FILE),
        (spoil("notes.txt", "longer than what the manifest says"), UpdateRefused.WRONG_FILE),
        (unlink, UpdateRefused.FILE_MISSING),
        (link, UpdateRefused.FILE_MISSING),
    ],
)
def test_a_release_whose_files_are_not_what_was_signed_changes_nothing(
    maker: Maker, harm: Callable[[Path], object], reason: UpdateRefused
) -> None:
    assert maker.device.apply(*maker.release("1.0.0"), now_s=NOW_S) is None
    before = tree(maker.device.root)
    release, folder = maker.release("2.0.0")
    harm(folder)
    assert maker.device.refusal(release, folder, now_s=NOW_S) is reason
    assert maker.device.apply(release, folder, now_s=NOW_S) is reason
    assert tree(maker.device.root) == before


def test_a_foreign_signature_a_downgrade_and_a_clock_wrong_by_a_year_are_refused(
    maker: Maker,
) -> None:
    assert maker.device.apply(*maker.release("1.5.0"), now_s=NOW_S) is None
    before = tree(maker.device.root)
    foreign = KeyStore(maker.folder / "foreign").create("release", DeviceKey)
    forged = maker.release("1.6.0", key=foreign)
    older, newer = maker.release("1.4.9"), maker.release("1.7.0")
    changed = (replace(newer[0], version=Version(1, 8, 0)), newer[1])
    year = 365 * DAY_S
    for (release, folder), now_s, reason in (
        (forged, NOW_S, UpdateRefused.FOREIGN_SIGNATURE),
        (changed, NOW_S, UpdateRefused.FOREIGN_SIGNATURE),
        (older, NOW_S, UpdateRefused.DOWNGRADE),
        (newer, NOW_S + year, UpdateRefused.EXPIRED),
        (newer, NOW_S - year, UpdateRefused.NOT_YET),
    ):
        assert maker.device.apply(release, folder, now_s=now_s) is reason
    assert tree(maker.device.root) == before
    # Who turns the link back by hand has not turned back what the device remembers.
    assert maker.device.apply(*newer, now_s=NOW_S) is None
    (maker.device.root / "current").unlink()
    (maker.device.root / "current").symlink_to("1.5.0")
    assert maker.device.apply(*maker.release("1.6.0"), now_s=NOW_S) is UpdateRefused.DOWNGRADE


def test_what_a_crash_left_half_made_is_swept_up(maker: Maker) -> None:
    assert maker.device.apply(*maker.release("1.0.0"), now_s=NOW_S) is None
    stage = maker.device.root / ".staged"
    stage.mkdir()
    (stage / "agent.pyz").write_text("half")
    (maker.device.root / "2.0.0").mkdir()
    (maker.device.root / "2.0.0" / "agent.pyz").write_text("half")
    (maker.device.root / ".current").symlink_to("2.0.0")
    assert str(maker.device.current) == "1.0.0"
    assert maker.device.apply(*maker.release("2.0.0"), now_s=NOW_S) is None
    assert (maker.device.root / "current" / "agent.pyz").read_text() == "agent.pyz of 2.0.0"
    assert not stage.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"version":"1.0.0"', b'"version":"1.0"'),
        (b'"version":"1.0.0"', b'"version":"1.0.01"'),
        (b'"name":"agent.pyz"', b'"name":"../agent.pyz"'),
        (b'"name":"agent.pyz"', b'"name":"notes.txt"'),
        (b'"name":"agent.pyz"', b'"name":".hidden"'),
        (b'"size":', b'"size":-'),
        (b'"files":[', b'"files":[[],'),
        (b'"kind"', b'"more":1,"kind"'),
    ],
)
def test_a_broken_manifest_is_refused_with_its_place(
    maker: Maker, before: bytes, after: bytes
) -> None:
    _, folder = maker.release("1.0.0")
    path = folder / MANIFEST
    assert before in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(before, after, 1))
    with pytest.raises(InputError):
        read_release(folder)


def test_the_commands_sign_check_and_apply(tmp_path: Path) -> None:
    KeyStore(tmp_path / "keys").create("release", DeviceKey)
    folder, root, pin = tmp_path / "made", tmp_path / "root", tmp_path / "pin"
    folder.mkdir()
    (folder / "agent.pyz").write_text("the agent")
    key = f"{tmp_path / 'keys'}:release"
    made = run("release", "sign", folder, "--key", key, "--version", "0.3.0")
    assert made.returncode == 0, made.stderr
    pin.write_text(made.stdout.split()[-1])
    device = ("--root", root, "--pin", pin)
    assert "would take it" in run("agent", "update", "check", folder, *device).stdout
    assert not root.exists()
    assert run("agent", "update", "apply", folder, *device).returncode == 0
    assert (root / "current" / "agent.pyz").read_text() == "the agent"
    (folder / "agent.pyz").write_text("not that")
    refused = run("agent", "update", "apply", folder, *device)
    assert refused.returncode == 1
    assert "WRONG_FILE" in refused.stderr
    assert "Traceback" not in refused.stderr


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return gridplus(*arguments)
