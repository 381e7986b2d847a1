# shellcheck shell=bash
# Shared by scripts/demo and scripts/test: the packages, the build, and a private PostgreSQL server.
#
# Nothing is installed into the machine's PostgreSQL and none of its clusters is touched. PostgreSQL finds its files relative to its
# own programs, so a copy of them under a temporary folder is a complete installation; the module goes into that copy.
# The server speaks over a Unix socket only, and it and the folder are gone when the script ends, however it ends.

set -euo pipefail
umask 022
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
pg_config=${PG_CONFIG:-pg_config}  # set PG_CONFIG to build for another server than the machine's own
unset "${!PG@}" POSIXLY_CORRECT    # nothing of the caller's PGHOST, PGOPTIONS, ... reaches our server
export LC_ALL=C.UTF-8 LANGUAGE='' no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}

build_packages=(g++ cmake make pkg-config libpq-dev libsimdjson-dev libdeflate-dev libsnappy-dev libzstd-dev liblz4-dev zlib1g-dev
    libbz2-dev liblzma-dev libcurl4-openssl-dev libssl-dev libpugixml-dev libgtest-dev)
# shellcheck disable=SC2034
test_packages=(clang clang-format libclang-rt-dev libavro-dev python3-avro python3-psycopg python3-snappy python3-zstandard libipc-run-perl
    gzip zstd bzip2 xz-utils lz4 git procps shellcheck)

say() { printf '%s\n' "$@"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# quietly LOG COMMAND...: runs it with its output in LOG, which is shown when it fails.
quietly() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null && return
    say "--- failed: $*"
    tail -n 40 "$log"
    return 1
}

# read_options ARGUMENT...: where --help is one of them, prints the comment at the top of the script and ends it; other options there
# are none. What is behind -- is no option.
read_options() {
    local argument
    for argument; do
        case $argument in
            --) return ;;
            -h | --help)
                sed -n '2,/^# shellcheck/{/^# shellcheck/!s/^# \{0,1\}//p}' "$0"
                exit 0
                ;;
            -*) fail "there is no option \"$argument\"; see $0 --help" ;;
        esac
    done
}

# in_group COMMAND...: in a process group of its own, so that a signal ends this script at once, and clean_up all that it runs.
in_group() {
    set -m
    "$@" &
    set +m
    wait $!
}

# --- packages

# server_major: prints the major version of the server that pg_config speaks for.
server_major() { "$pg_config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'; }

dropin=
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

apt() { as_root env ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 "$@"; }

# Installs the packages that are missing; where all are there, nothing is asked and nothing is run.
install_packages() {
    local package missing=() status=0
    command -v dpkg-query >/dev/null || return 0
    for package; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        fail "sudo is not here; as root: apt-get install ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    # While the packages are installed, and no longer, Debian is told not to make a cluster of its own.
    dropin=/etc/postgresql-common/createcluster.d/pg_ferry.conf
    as_root mkdir -p "${dropin%/*}"
    as_root tee "$dropin" >/dev/null <<<'create_main_cluster = false'
    quietly "$work/apt.log" apt update && quietly "$work/apt.log" apt install --no-install-recommends "${missing[@]}" || status=1
    as_root rm -f "$dropin"
    dropin=
    [ "$status" = 0 ] || fail "could not install the packages"
}

# install_all PACKAGE...: what the build needs, the server, and the packages given.
install_all() {
    if [ "$pg_config" = pg_config ]; then
        install_packages "${build_packages[@]}" postgresql postgresql-server-dev-all "$@"
        # where several versions live side by side, the server is to be the one that pg_config speaks for
        [ -x "$(pg_config --bindir)/initdb" ] || install_packages "postgresql-$(server_major)"
    elif [[ $pg_config == /usr/lib/postgresql/* ]]; then
        install_packages "${build_packages[@]}" "postgresql-$(server_major)" "postgresql-server-dev-$(server_major)" "$@"
    else
        install_packages "${build_packages[@]}" "$@"
    fi
    bindir=$("$pg_config" --bindir)
}

# extension_packages NAME...: prints the packages of these extensions of PostgreSQL for the server's version that there are.
extension_packages() {
    local name package version
    version=$(server_major 2>/dev/null) || return 0
    for name; do
        package=postgresql-$version-$name
        if command -v apt-cache >/dev/null && apt-cache show "$package" >/dev/null 2>&1; then say "$package"; fi
    done
}

# --- the work folder, and its end

# Root may not run a server: the user postgres does it then, or nobody.
server_user=$(id -un)

as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid "$server_user" --regid "$(id -g "$server_user")" --init-groups --inh-caps=-all env HOME="$work" TMPDIR="$work" "$@"
    else
        env HOME="$work" TMPDIR="$work" "$@"
    fi
}

# Makes $work, from the first folder where the name of a socket is short enough (107 bytes).
make_work() {
    local parent
    for parent in "${TMPDIR:-/tmp}" /tmp; do
        work=$(mktemp -d "$parent/ferry.XXXXXX") || continue
        chmod 755 "$work"
        [ ${#work} -gt 80 ] || return 0
        rmdir "$work"
    done
    fail "could not make a temporary folder"
}

# clean_up STATUS: leaves nothing behind, and ends the script.
clean_up() {
    local children child i
    trap '' INT TERM HUP
    children=$(jobs -pr)
    for child in $children; do kill -- "-$child" 2>/dev/null || kill "$child" 2>/dev/null || true; done
    # scripts and tests among them stop servers of their own
    for ((i = 0; i < 300; i++)); do [ -n "$(jobs -pr)" ] && sleep 0.1 || break; done
    for child in $(jobs -pr); do kill -KILL -- "-$child" 2>/dev/null || kill -KILL "$child" 2>/dev/null || true; done
    [ -z "$dropin" ] || as_root rm -f "$dropin"
    stop_servers
    cd /
    rm -rf "$work"
    exit "$1"
}

# --- the build

# build_folder NAME: prints where to build; in the checkout, or else in $work.
build_folder() {
    if mkdir -p "$repo/$1" 2>/dev/null && [ -w "$repo/$1" ]; then say "$repo/$1"; else say "$work/$1"; fi
}

# build FOLDER TARGET OPTION...: configures with the cmake options and builds the target, with what else can be built if it fails.
# The module is optimised as it is installed; of debug information it has the lines only, as all of it takes a third of the time.
build() {
    local folder=$1 target=$2
    shift 2
    quietly "$work/build.log" in_group cmake -S "$repo" -B "$folder" -DCMAKE_CXX_FLAGS_RELWITHDEBINFO='-O2 -g1 -DNDEBUG' -DFERRY_WERROR=ON \
        -DFERRY_TESTS=ON -DPG_CONFIG="$(command -v "$pg_config")" "$@" &&
        quietly "$work/build.log" in_group cmake --build "$folder" --target "$target" -j "$(nproc)" -- -k
}

# --- the private server

# private_installation BUILD: copies PostgreSQL to $work/root, installs what was built into the copy, puts sample data and the psql
# scripts beside it, and gives all of it to the server's user, who may not be able to read the checkout.
private_installation() {
    local option folder module
    for option in --bindir --pkglibdir --sharedir; do
        folder=$("$pg_config" $option)
        mkdir -p "$work/root$folder"
        cp -a "$folder/." "$work/root$folder/"
    done
    quietly "$work/install.log" env DESTDIR="$work/root" cmake --install "$1"
    pkglibdir=$work/root$("$pg_config" --pkglibdir)
    for module in "$1"/tests/ferry_*_test.so; do
        if [ -e "$module" ]; then cp "$module" "$pkglibdir/"; fi
    done
    "$repo/scripts/sample_data" "$work/samples"
    cp -R "$repo/sql" "$work/sql"
    cp -R "$repo/docs" "$repo/README.md" "$work/"
    if [ "$(id -u)" = 0 ]; then
        server_user=postgres
        id postgres >/dev/null 2>&1 || server_user=nobody
        chown -R "$server_user" "$work"
    fi
    as_server test -x "$work/root$bindir/postgres" || fail "user $server_user cannot read $work; set TMPDIR to a folder that it can"
    export PATH=$work/root$bindir:$PATH
}

# start_server [OPTION...]: a new cluster, UTF8 and C.UTF-8, in $work/data, with its log in $work/server.log. The server's program is
# that of the private installation, or the one in $postgres.
start_server() {
    cd "$work" # the server's user may not be able to read the caller's folder
    as_server mkdir -m 700 "$work/socket"
    quietly "$work/initdb.log" as_server initdb -D "$work/data" -U postgres -A trust -E UTF8 --locale C.UTF-8 --no-sync
    quietly "$work/start.log" as_server pg_ctl -w -p "${postgres:-$work/root$bindir/postgres}" -D "$work/data" -l "$work/server.log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$work/socket' -c fsync=off $*" start
    export PGHOST=$work/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Stops every server that was started in $work, those of the tests included.
stop_servers() {
    local pid_file
    while IFS= read -r pid_file; do
        as_server pg_ctl -s -w -D "${pid_file%/*}" -m fast stop || as_server pg_ctl -s -w -D "${pid_file%/*}" -m immediate stop || true
    done < <(find "$work" -name postmaster.pid)
    # stores of tests that were ended
    while IFS= read -r pid_file; do
        kill "$(cat "$pid_file")" 2>/dev/null || true
    done < <(find "$work" -name pid -type f)
}

make_work
trap 'clean_up $?' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
