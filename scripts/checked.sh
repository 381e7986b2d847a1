# shellcheck shell=bash disable=SC2154  # lib.sh sets the variables
# Sourced by scripts/test: a PostgreSQL with assertions, and without NLS, from the source of the machine's package, which tells
# valgrind of its memory; and how it runs under valgrind.
#
# It is built once for each version of the machine's PostgreSQL and of this recipe, and kept in build-checked. The source is the
# newest of the same major version that apt can get. apt's own lists stay as they are: it is run with lists of its own in the work
# folder, from the sources that the machine has. No part of it is installed anywhere else.

# What tests need of PostgreSQL's source, in the order in which it is built.
checked_folders=(src/backend src/backend/utils/mb/conversion_procs src/backend/snowball src/backend/replication/libpqwalreceiver
    src/backend/replication/pgoutput src/include src/timezone src/pl/plpgsql src/interfaces/libpq
    src/bin/{initdb,pg_ctl,psql,pg_config,pg_dump,pg_basebackup,pgbench} src/test/{regress,isolation,perl} src/makefiles config
    contrib/{amcheck,citext,hstore,ltree,postgres_fdw,pg_stat_statements})
checked_packages=(libicu-dev libxml2-dev valgrind)

# source_apt COMMAND ARGUMENT...: a command of apt that knows source packages, and them only.
source_apt() {
    "$1" -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/apt/sources" -o Dir::State::Lists="$work/apt/lists" \
        -o Dir::Cache="$work/apt" -o APT::Sandbox::User= "${@:2}"
}

# fetch_source PACKAGE: unpacks its source, as it was before Debian's patches, which move folders, into $work/source.
fetch_source() (
    local file version
    command -v apt-get >/dev/null && command -v dpkg-source >/dev/null || return 1
    mkdir -p "$work"/apt/{sources,lists/partial,archives/partial}
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
        [ -r "$file" ] || continue
        case $file in
            *.sources) sed 's/^Types:.*/Types: deb-src/I' "$file" ;;
            *) sed -n 's/^deb[[:space:]]/deb-src /p' "$file" ;;
        esac >"$work/apt/sources/${file##*/}"
    done
    # a source that has no source packages is no failure
    source_apt apt-get -q update || true
    cd "$work/apt" || return
    # the newest that is listed may be gone
    for version in $(source_apt apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -rV); do
        source_apt apt-get -q source --download-only "$1=$version" || continue
        dpkg-source --skip-patches -x "$1_${version#*:}.dsc" "$work/source" && return
    done
    return 1
)

# make_server PREFIX: from $work/source, with the server's list of what valgrind is not to report. -O1 is built fast and runs well
# under valgrind.
make_server() (
    local folder
    cd "$work/source" || return
    ./configure --prefix="$1" --enable-cassert --enable-tap-tests --disable-rpath --with-icu --with-libxml --without-readline \
        --without-zlib CFLAGS='-O1 -g1' CPPFLAGS=-DUSE_VALGRIND || return
    # else several processes may compile before these headers are there
    make -s -C src/backend generated-headers || return
    for folder in "${checked_folders[@]}"; do
        make -s -j "$(nproc)" -C "$folder" install DESTDIR="$work/checked" || return
    done
    cp src/tools/valgrind.supp "$work/checked$1/"
)

# checked_server PART: the server's pg_config becomes checked_pg_config. Fails, having said for that part why, where there is none.
checked_server() {
    local part=$1 version recipe prefix package
    version=$("$pg_config" --version | sed 's/[^0-9]*\([^ ]*\).*/\1/')
    recipe=$(cksum <"$repo/scripts/checked.sh")
    prefix=$(build_folder build-checked)/$version-${recipe%% *}
    checked_pg_config=$prefix/bin/pg_config
    [ ! -x "$checked_pg_config" ] || return 0
    package=postgresql-$(server_major)
    if ! fetch_source "$package" >"$work/source.log" 2>&1 </dev/null; then
        say "$part: skipped, because apt cannot get the source of $package"
        return 1
    fi
    # the source of 17 and newer comes without the parsers that these make
    [ -e "$work/source/src/backend/parser/gram.c" ] || checked_packages+=(bison flex)
    install_packages "${checked_packages[@]}"
    say "building $package with assertions"
    quietly "$work/make.log" make_server "$prefix" || { result "$part: build of the server" 0 1; return 1; }
    mv "$work/checked$prefix" "$prefix"
    rm -rf "$work/source" "$work/checked"
}

# valgrind_server: start_server runs the server under valgrind from now on. What valgrind finds is in the server's log.
valgrind_server() {
    local folder
    install_packages valgrind libc6-dbg
    folder=$(dirname "$("$pg_config" --bindir)")
    postgres=$work/valgrind_postgres
    cat >"$postgres" <<END
#!/bin/sh
exec valgrind --quiet --leak-check=no --trace-children=yes --track-origins=yes --read-var-info=no --num-callers=25 \\
    --error-markers=VALGRINDERROR-BEGIN,VALGRINDERROR-END --suppressions=$folder/valgrind.supp \\
    --suppressions=$work/tests/regress/valgrind.supp "$work/root$bindir/postgres" "\$@"
END
    chmod 755 "$postgres"
    export PGCTLTIMEOUT=600
    # its memory runs out, and valgrind ends a process that a C++ exception would have to tell of that
    sed -i '/^test: boundary$/d' "$work/tests/regress/schedule"
}
