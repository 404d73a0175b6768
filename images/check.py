#!/usr/bin/env python3
"""Runs what is in images/target/*.tar as a kubelet would, without a container engine.

Unpacks each archive, then starts its own entry point with its own environment as its own user, on a read-only root with an
empty /tmp, in a mount namespace that vanishes with it. The trainer trains two steps of examples/digits; the operator has to
refuse an empty environment. Needs root, for the namespace alone.
"""
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parent / "examples" / "digits"

# Arguments: root folder, user:group, folder of claims and scratch, then the command.
INSIDE = r"""
set -e
root=$1; user=$2; work=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t tmpfs tmpfs "$root/dev"
for device in null:3 zero:5 random:8 urandom:9; do mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"; done
install -m 666 /dev/null "$root/dev/termination-log"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$work" "$root/var/lib/vlfinetune"
mount -o remount,ro,bind "$root"
PATH="$IMAGE_PATH:$PATH"
unset IMAGE_PATH
code=0
chroot --userspec="$user" "$root" "$@" || code=$?
cp "$root/dev/termination-log" "$work/termination-log"
find "$root/tmp" -type f -size +1M >"$work/unpacked"
exit "$code"
"""

RUN = {
    "formatVersion": 1, "namespace": "check", "name": "digits", "uid": "check", "attempt": 1,
    "model": {"source": "pvc://input/base"},
    "data": {"train": [{"source": "pvc://input/data/train.jsonl"}], "mediaRoot": "pvc://input/data"},
    "freeze": {"visionTower": True, "projector": False, "languageModel": True},
    "training": {"steps": 2, "batchSize": 8, "learningRate": "6e-4", "precision": "Float32", "seed": 42},
    "output": {"destination": "pvc://models/out"},
    "mounts": {"input": "claims/input", "models": "claims/models"},
}


def unpack(archive, root):
    """Unpacks the layers of an OCI archive; returns the image's configuration."""
    with tarfile.open(archive) as tar:
        def blob(descriptor):
            return tar.extractfile("blobs/" + descriptor["digest"].replace(":", "/")).read()

        manifest = json.loads(blob(json.load(tar.extractfile("index.json"))["manifests"][0]))
        print(f"{archive.name}: {archive.stat().st_size >> 20} MiB")
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=io.BytesIO(blob(layer))) as content:
                members = content.getmembers()
                print(f"  {layer['size'] >> 10:>8} KiB compressed, {sum(m.size for m in members) >> 10:>8} KiB unpacked")
                content.extractall(root, filter="fully_trusted")
        return json.loads(blob(manifest["config"]))["config"]


def start(config, root, work, arguments):
    """Starts the image; returns its exit code and what it wrote to standard error."""
    variables = dict(variable.split("=", 1) for variable in config["Env"])
    variables["IMAGE_PATH"] = variables.pop("PATH")
    variables["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    command = ["unshare", "--mount", "--pid", "--fork", "bash", "-c", INSIDE, "inside", str(root), config["User"], str(work)]
    done = subprocess.run(command + config["Entrypoint"] + arguments, env=variables, stderr=subprocess.PIPE, text=True)
    sys.stderr.write(done.stderr)
    return done.returncode, done.stderr


def require(condition, message):
    if not condition:
        sys.exit("check.py: " + message)


def check_operator(folder):
    root, work = folder / "operator", folder / "operator-work"
    work.mkdir()
    config = unpack(HERE / "target" / "vlfinetune-operator.tar", root)
    code, text = start(config, root, work, [])
    require(code == 2 and "VLFINETUNE_TRAINER_IMAGE is not set" in text, f"the operator ended with {code}")


def check_trainer(folder):
    root, work = folder / "trainer", folder / "trainer-work"
    (work / "claims" / "models").mkdir(parents=True)
    (work / "scratch").mkdir()
    for name in ("base", "data"):
        shutil.copytree(DIGITS / name, work / "claims" / "input" / name)
    (work / "run.json").write_text(json.dumps(RUN))
    config = unpack(HERE / "target" / "vlfinetune-trainer.tar", root)
    user, group = map(int, config["User"].split(":"))
    require(user != 0, "the trainer's image runs as root")
    for path in [work, *work.rglob("*")]:
        os.chown(path, user, group)
    code, _ = start(config, root, work, [
        "train", "--config", "/var/lib/vlfinetune/run.json", "--root", "/var/lib/vlfinetune",
        "--termination-log", "/dev/termination-log"])
    word = (work / "termination-log").read_text()
    print(word)
    require(code == 0 and json.loads(word)["outcome"] == "Succeeded", f"the trainer ended with {code}")
    unpacked = (work / "unpacked").read_text()
    require(not unpacked, "the trainer unpacked libraries at start: " + unpacked)
    require((work / "claims" / "models" / "out" / "model.safetensors").is_file(), "the trainer wrote no model")


def main():
    require(os.geteuid() == 0, "needs root, to make a mount namespace")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        check_operator(pathlib.Path(folder))
        check_trainer(pathlib.Path(folder))
    print("both images do what they should")


main()
