# shellcheck shell=sh
# shellcheck disable=SC2154
# Sourced with $project set. `launch ENTRY [ARGUMENT]…` runs a TypeScript file of the project with a Node that is new
# enough and with the packages of package-lock.json, and fetches either where it is missing. Written for dash; everything
# that it prints goes to stderr. When all is there, it starts three small programs and then the entry.

node_major=24
node_pinned=24.21.0
npm_pinned=11.19.1
# What the registry calls `dist.integrity`. Node comes as one package a machine (uname -m).
node_x86_64='x64 sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q=='
node_aarch64='arm64 sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g=='
# An npm leaves out optional packages that its own Node is too old for, and these hold the compiled tools: so the
# fetched Node gets an npm that runs with it.
npm_integrity='sha512-ztsxKxt/kkIaAs+2i0GU6I+DRmUdrNasxTZKJe9TCdSjKxlhah/4r/hl5ygMD6XAg1qZ9c2TNomR4qgOydp10g=='

debian_packages='nodejs npm ca-certificates'

work=
fetch=
# git bisect would read 2 as a bad commit; at 255 it stops.
undecided=2
child=

say() {
  printf 'mmapvet: %s\n' "$1" >&2
}

# fail SENTENCE HINT: our side could not be set up, so the exit code is "undecided".
fail() {
  printf 'mmapvet: error: %s\n  %s\n' "$1" "$2" >&2
  exit "$undecided"
}

clean_up() {
  [ -z "$child" ] || kill "$child" 2>/dev/null || :
  rm -rf ${work:+"$work"} ${fetch:+"$fetch"}
}

# The XDG specification says that a relative path is to be ignored (harness/core/paths.ts does the same).
set_cache() {
  case ${XDG_CACHE_HOME:-} in
    /*) cache=$XDG_CACHE_HOME/mmapvet ;;
    *) cache=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}/.cache/mmapvet ;;
  esac
}

is_new_enough() {
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$node_major" ] 2>/dev/null
}

# Sets $node to the first good Node on PATH.
find_node_on_path() {
  node=
  kept_npm=
  tried=
  set -f
  IFS=:
  for folder in $PATH; do
    candidate=$folder/node
    if [ -z "$folder" ] || [ ! -f "$candidate" ] || [ ! -x "$candidate" ]; then continue; fi
    # /bin is often a link to /usr/bin. (dash, bash and busybox know -ef, and POSIX does since 2024.)
    # shellcheck disable=SC3013
    if [ -n "$tried" ] && [ "$candidate" -ef "$tried" ]; then continue; fi
    tried=$candidate
    if is_new_enough "$candidate"; then
      node=$candidate
      break
    fi
  done
  unset IFS
  set +f
  [ -n "$node" ]
}

# Sets $node to the kept one, $kept_npm to the npm beside it. $node_package and $node_integrity say how to get it; they are empty for a machine
# that has no pinned one.
find_kept_node() {
  case $(uname -sm) in
    'Linux x86_64') pin=$node_x86_64 ;;
    'Linux aarch64') pin=$node_aarch64 ;;
    *) pin= ;;
  esac
  node_package=${pin:+node-linux-${pin%% *}}
  node_integrity=${pin#* }
  node_folder=$cache/node/v$node_pinned-npm$npm_pinned-linux-${pin%% *}
  node=$node_folder/bin/node
  kept_npm=$node_folder/npm/bin/npm-cli.js
  [ -n "$pin" ] && [ -x "$node" ]
}

find_node() {
  find_node_on_path || find_kept_node
}

# The stamp is the lock file that node_modules was installed from; npm knows nothing of it.
stamp=node_modules/.mmapvet-package-lock.json
has_modules() {
  cmp -s "$project/package-lock.json" "$project/$stamp"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Descriptor 9 holds the lock until `unlock`; a host without flock goes without.
lock() {
  if has flock && ! flock -n 9; then
    say 'waits for another mmapvet that is installing the same …'
    flock 9
  fi
}

unlock() {
  exec 9<&-
}

# logged FOLDER COMMAND…: runs it there quietly; its output is shown if it fails. In the background, so that a
# signal ends it and us at once.
logged() {
  log_folder=$1
  shift
  (cd "$log_folder" && exec "$@") >"$work/log" 2>&1 &
  child=$!
  status=0
  wait "$child" || status=$?
  child=
  [ "$status" -eq 0 ] || cat "$work/log" >&2
  return "$status"
}

# Sets $as_root to what makes a command run as root; false if nothing does.
find_root() {
  as_root=
  if [ "$(id -u)" -eq 0 ]; then return 0; fi
  has sudo || return 1
  as_root=sudo
  # Without a terminal a question for a password would hang or fail in odd words.
  [ -t 0 ] || as_root='sudo -n'
}

install_npm() {
  say "installs $debian_packages …"
  install="env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $debian_packages"
  # In the foreground: sudo may ask for a password. The lists may be missing or too old: then once more with new ones.
  # shellcheck disable=SC2086 # words on purpose
  if ! $as_root $install >"$work/log" 2>&1 </dev/null; then
    { $as_root apt-get update && $as_root $install; } >"$work/log" 2>&1 </dev/null || {
      cat "$work/log" >&2
      fail "Installing $debian_packages failed." "See apt's words above, or install Node $node_major and npm in another way."
    }
  fi
  hash -r
}

# check_package NAME VERSION INTEGRITY, in the folder $fetch
check_package() {
  want=$(printf %s "${3#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  have=$(sha512sum <"$fetch/$1-$2.tgz")
  [ "$want" = "${have%% *}" ] ||
    fail "The fetched $1@$2 is not the pinned one: its sha512 differs." \
      "Check the npm registry that this host uses, or put a Node $node_major or newer on PATH."
}

# The kept folder appears by one rename, when everything in it was checked.
fetch_node() {
  mkdir -p "$cache/node"
  exec 9>>"$cache/node/.lock"
  lock
  if [ ! -x "$node" ]; then
    say "fetches $node_package@$node_pinned and npm@$npm_pinned …"
    # Ours is the only fetch: others are leftovers of one that was killed.
    rm -rf "$cache"/node/.fetch.*
    fetch=$(mktemp -d "$cache/node/.fetch.XXXXXX")
    logged "$fetch" npm pack "$node_package@$node_pinned" "npm@$npm_pinned" --no-update-notifier ||
      fail "Node $node_pinned could not be fetched from the npm registry." \
        "See npm's words above, or put a Node $node_major or newer on PATH."
    check_package "$node_package" "$node_pinned" "$node_integrity"
    check_package npm "$npm_pinned" "$npm_integrity"
    mkdir -p "$fetch/kept/npm"
    tar -xzf "$fetch/$node_package-$node_pinned.tgz" -C "$fetch/kept" --strip-components=1 package/bin/node
    tar -xzf "$fetch/npm-$npm_pinned.tgz" -C "$fetch/kept/npm" --strip-components=1
    is_new_enough "$fetch/kept/bin/node" ||
      fail "The fetched Node $node_pinned does not run on this host." "Put a Node $node_major or newer on PATH."
    rm -rf "$node_folder"
    mv "$fetch/kept" "$node_folder"
  fi
  unlock
}

# npm in the project, run by $node. The kept one is told where this host's npm has its settings, and to trust whom this
# host trusts, as Debian's Node does.
run_npm() {
  if [ -n "$kept_npm" ]; then
    settings=$(npm config get globalconfig 2>/dev/null) || settings=
    set -- env NODE_USE_SYSTEM_CA=1 ${settings:+"npm_config_globalconfig=$settings"} "$node" "$kept_npm" "$@"
  else
    set -- env PATH="${node%/*}:$PATH" npm "$@"
  fi
  logged "$project" "$@"
}

# npm ci empties node_modules first, so a broken one has no stamp.
install_modules() {
  exec 9<"$project/package-lock.json"
  lock
  if ! has_modules; then
    say 'installs the npm packages of package-lock.json …'
    cp "$project/package-lock.json" "$work/installed"
    run_npm ci --ignore-scripts --include=dev --no-audit --no-fund --no-update-notifier ||
      fail "npm ci failed in \"$project\"." "See npm's words above."
    logged "$project" "$node" scripts/missing-packages.ts ||
      fail "npm ci left packages out in \"$project\", perhaps for want of a network." 'Try again.'
    cp "$work/installed" "$project/$stamp.new"
    mv "$project/$stamp.new" "$project/$stamp"
  fi
  unlock
}

# Says what is missing, asks where there is somebody to ask, and gets it.
provision() {
  wants_node=
  wants_modules=
  wants_npm=
  find_node || wants_node=yes
  has_modules || wants_modules=yes
  # The kept Node brings its own.
  if [ -n "$wants_node" ] || [ -z "$kept_npm" ]; then has npm || wants_npm=yes; fi

  if [ -n "$wants_npm" ]; then
    has apt-get || fail "npm is missing." "Install Node $node_major or newer with npm, then start mmapvet again."
    find_root || fail "npm is missing, and installing it needs root." \
      "Run as root: apt-get install -y --no-install-recommends $debian_packages"
    say "will install Debian packages: $debian_packages"
  fi
  if [ -n "$wants_node" ]; then
    [ -n "$node_package" ] || fail "There is no pinned Node for \"$(uname -sm)\"." \
      "Put a Node $node_major or newer on PATH."
    say "will fetch Node $node_pinned (55 MB: npm packages $node_package and npm) into $cache/node"
  fi
  [ -z "$wants_modules" ] || say "will install the npm packages of package-lock.json into $project/node_modules"
  # The project's own folder is no reason for a question; the host and the home are.
  [ -z "$wants_npm$wants_node" ] || confirm "$@"

  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  work=$(mktemp -d)
  [ -z "$wants_npm" ] || install_npm
  # Debian's own may do.
  find_node || fetch_node
  has_modules || install_modules
  clean_up
  trap - EXIT INT TERM HUP
}

confirm() {
  for argument in "$@"; do
    case $argument in
      --yes | -y) return 0 ;;
      --) break ;;
    esac
  done
  if [ -n "${CI:-}" ] || [ ! -t 0 ] || [ ! -t 2 ]; then return 0; fi
  printf 'Go on? [Y/n] ' >&2
  answer=n
  read -r answer || :
  case $answer in
    '' | [Yy] | [Yy][Ee][Ss]) ;;
    *) fail 'Nothing was installed.' 'Install it yourself, or say yes.' ;;
  esac
}

launch() {
  entry=$project/$1
  shift
  for argument in "$@"; do
    if [ "$argument" = --git-bisect ]; then undecided=255; fi
  done
  set_cache
  if ! find_node || ! has_modules; then provision "$@"; fi
  # A fifth of the time to the first line of output is parsing what was parsed before.
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$cache/compile}"
  exec "$node" "$entry" "$@"
}
