# shellcheck shell=bash
# What the benchmarks share; sourced from the root of the repository.
#   BENCH_DIR     where data is made and kept for the next run (tests/out/bench/data)
#   DK_BUILD      build folder, a release build; made if it is not there (build)
#   DK_INSTALL=no never calls apt-get

set -euo pipefail
bench=$PWD/tests/bench
build=${DK_BUILD:-$PWD/build}
data=${BENCH_DIR:-$PWD/tests/out/bench/data}
name=tests/bench/$(basename "$0")

fail()
{
    echo "$name: $*" >&2
    exit 1
}

# The comment at the top of the script is its help.
usage()
{
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

say()
{
    echo "$name: $*" >&2
}

# ---- what is started is stopped ----

work=$(mktemp -d "${TMPDIR:-/tmp}/dikuai-bench.XXXXXX")
chmod 711 "$work" # user postgres has to get in
processes=()
cleanups=()
at_exit()
{
    cleanups+=("$*")
}
stop_all()
{
    local it
    for it in "${processes[@]-}"; do
        [ -z "$it" ] || kill "$it" 2>/dev/null || true
    done
    for it in "${cleanups[@]-}"; do
        [ -z "$it" ] || eval "$it" || true
    done
    # FastCGI programs take SIGTERM for a wish that they fulfil after the next request.
    for ((it = 0; it < 50; it++)); do
        [ -n "$(jobs -pr)" ] || break
        sleep 0.1
    done
    for it in $(jobs -pr); do
        kill -KILL "$it" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop_all EXIT
trap 'exit 1' INT TERM HUP

# background COMMAND…: sets `started` to its process.
background()
{
    "$@" &
    started=$!
    processes+=("$started")
}

stop_process()
{
    kill "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# wait_for SECONDS WHAT COMMAND…
wait_for()
{
    local seconds=$1 what=$2 i
    shift 2
    for ((i = 0; i < seconds * 20; i++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.05
    done
    fail "$what did not come up within $seconds s"
}

free_port()
{
    node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); });'
}

# ---- programs ----

# Installs what is missing, builds, and refuses a build that is not optimised.
prepare()
{
    samples/prepare --bench "$build" --buildtype=release
    local kind
    kind=$(meson introspect --buildoptions "$build" | node -e '
        const o = Object.fromEntries(JSON.parse(require("fs").readFileSync(0)).map((x) => [x.name, x.value]));
        console.log(o.buildtype + (o.b_sanitize && o.b_sanitize !== "none" ? ` with ${o.b_sanitize}` : ""));')
    [ "$kind" = release ] || fail "$build is a build of type $kind; set DK_BUILD to a release build, or to a folder that is not there yet"
    ingest=$build/ingest/dikuai-ingest
    tiler=$build/tiler/dikuai-tiler
    samples=$build/samples/dikuai-samples
    bench_tiles=$build/tests/bench_tiles
    mkdir -p "$data"
    data=$(cd "$data" && pwd)
}

# serve STORE [OPTION]…: starts dikuai-tiler, perhaps pinned by the array `pin`; sets url and server.
served=0
pin=()
serve()
{
    served=$((served + 1))
    local log=$work/tiler.$served store=$1
    shift
    background "${pin[@]}" "$tiler" "$store" --listen 127.0.0.1:0 "$@" >"$log" 2>&1
    server=$started
    wait_for 20 "dikuai-tiler ($log)" grep -q ' on http' "$log"
    url=$(sed -n 's/.* on \(http[^ ]*\)\/$/\1/p' "$log")
}

# serve_nginx NAME WORKERS <SERVER-BLOCK LINES: sets url and nginx. HTTP_LINES: further lines for the http block.
serve_nginx()
{
    local dir=$work/nginx-$1 port try
    mkdir -p "$dir"
    local lines
    lines=$(cat)
    for try in 1 2 3; do
        port=$(free_port)
        {
            [ "$(id -u)" -ne 0 ] || echo "user root;"
            cat <<CONF
daemon off;
pid $dir/pid;
error_log $dir/error.log error;
worker_processes $2;
events { worker_connections 4096; }
http {
    access_log off;
    server_tokens off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    types { application/vnd.mapbox-vector-tile mvt; }
    ${HTTP_LINES-}
    server {
        listen 127.0.0.1:$port;
        $lines
    }
}
CONF
        } >"$dir/nginx.conf"
        background nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf"
        nginx=$started
        url=http://127.0.0.1:$port
        sleep 0.3
        if kill -0 "$nginx" 2>/dev/null && curl -s -o /dev/null "$url/"; then return; fi
        [ "$try" -lt 3 ] || { cat "$dir/error.log" >&2; fail "nginx does not start"; }
    done
}

# wrk_run URL TEMPLATE LIST THREADS CONNECTIONS SECONDS: prints "req/s p50 p99 requests errors bytes". wrk knows whole
# seconds only.
wrk_run()
{
    local out
    out=$(TEMPLATE=$2 LIST=$3 "${wrk_pin[@]}" wrk -t"$4" -c"$5" -d"$(calc "$6 < 1 ? 1 : $6" %.0f)s" --timeout 30s -s "$bench/urls.lua" "$1" | sed -n 's/^RESULT //p')
    [ -n "$out" ] || fail "wrk gave no result for $1$2"
    [ "$(field 5 "$out")" -eq 0 ] || say "WARNING: $(field 5 "$out") of $(field 4 "$out") requests to $1$2 failed"
    echo "$out"
}
wrk_pin=()

# status_of PID NAME: kB of a line of /proc/PID/status, without starting a program, which would disturb what is measured.
status_of()
{
    local label value rest
    while read -r label value rest; do
        if [ "$label" = "$2:" ]; then
            echo "$value"
            return
        fi
    done 2>/dev/null <"/proc/$1/status" || true
}

# The same in MB.
memory_of()
{
    calc "$(status_of "$1" "$2") / 1024" %.1f
}

# Runs a command; sets `seconds` and `peak`, the most resident memory in MB that it and its children reached.
timed()
{
    local began=$EPOCHREALTIME ended highest=0 now process watcher failed=0
    "$@" >"$work/timed.out" 2>"$work/timed.err" &
    process=$!
    # Seldom: whoever uses both processors would lose by it.
    while kill -0 "$process" 2>/dev/null; do
        status_of "$process" VmHWM
        sleep 0.4
    done >"$work/timed.memory" &
    watcher=$!
    processes+=("$process" "$watcher")
    wait "$process" || failed=1
    ended=$EPOCHREALTIME
    wait "$watcher" || true
    [ "$failed" = 0 ] || { tail -n 20 "$work/timed.err" >&2; fail "this failed: $*"; }
    while read -r now; do
        [ "$now" -le "$highest" ] || highest=$now
    done <"$work/timed.memory"
    seconds=$(awk -v a="$began" -v b="$ended" 'BEGIN { printf "%.2f", b - a }')
    peak=$((highest / 1024))
}

# ---- PostgreSQL ----

# start_postgres: one of its own, on a socket, with PostGIS; sets PGHOST and its like. Tuned for reading: all of it in
# memory, no other processes, nothing to be safe from.
start_postgres()
{
    local pg_bin memory buffers as=() pg=$work/pg
    pg_bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)")
    mkdir -p "$pg"
    if [ "$(id -u)" -eq 0 ]; then
        as=(runuser -u postgres --) # PostgreSQL refuses to run as root
        chown postgres "$pg"
    fi
    memory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
    buffers=$((memory / 3 < 4096 ? memory / 3 : 4096))
    (cd / && "${as[@]}" "$pg_bin/initdb" -D "$pg/data" -U postgres -A trust -E UTF8 --no-locale -N) >"$work/initdb.log" 2>&1 || {
        cat "$work/initdb.log" >&2
        fail "initdb failed"
    }
    "${as[@]}" tee -a "$pg/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$pg'
shared_buffers = ${buffers}MB
effective_cache_size = $((memory / 2))MB
work_mem = 64MB
maintenance_work_mem = 512MB
max_wal_size = 8GB
wal_level = minimal
max_wal_senders = 0
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
jit = off
max_parallel_workers_per_gather = 0
random_page_cost = 1.1
CONF
    # setsid: Ctrl-C reaches the cleanup only.
    (cd / && exec setsid "${as[@]}" "$pg_bin/postgres" -D "$pg/data") >"$work/postgres.log" 2>&1 &
    at_exit "(cd / && ${as[*]} '$pg_bin/pg_ctl' -D '$pg/data' stop -m immediate) >/dev/null 2>&1"
    export PGHOST=$pg PGUSER=postgres PGDATABASE=postgres PGPORT=5432
    wait_for 30 "PostgreSQL ($work/postgres.log)" psql -Atc 'select 1'
    psql -qc 'create extension postgis' 2>"$work/psql.err" || { cat "$work/psql.err" >&2; fail "PostGIS is missing"; }
    postgres="$(psql -Atc 'select version()' | cut -d ' ' -f 1-2), PostGIS $(psql -Atc 'select postgis_lib_version()'), shared_buffers $buffers MB, jit off, fsync off, no parallel gather"
}

# ---- numbers ----

field()
{
    echo "$2" | awk -v n="$1" '{ print $n }'
}

# Numbers on stdin, one a line or in one line.
median()
{
    tr ' ' '\n' | grep . | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# Half of slowest to fastest in % of the median: "±4%".
spread()
{
    tr ' ' '\n' | grep . | sort -g | awk '{ v[NR] = $1 } END { m = v[int((NR + 1) / 2)]; printf "±%.0f%%\n", m ? 50 * (v[NR] - v[1]) / m : 0 }'
}

# calc EXPRESSION [FORMAT]
calc()
{
    awk "BEGIN { printf(\"${2:-%.2f}\", ($1)) }"
}

# ratio A B
ratio()
{
    awk -v a="$1" -v b="$2" 'BEGIN { r = b > 0 ? a / b : 0; printf((r >= 100 ? "%.0f" : r >= 10 ? "%.1f" : r > 0 ? "%.2f" : "-"), r) }'
}

heading()
{
    printf '\n## %s\n' "$*"
}

# The machine and its noise, at the beginning and at the end.
machine()
{
    [ "${1-}" = end ] || echo "$name $arguments, $(date -u +%Y-%m-%d), $(git describe --always --dirty 2>/dev/null || echo 'no git'), $(nproc) cores,$(sed -n 's/^model name[^:]*://p;' /proc/cpuinfo | head -n 1), $(awk '/^MemTotal/ { printf "%.0f GB", $2 / 1048576 }' /proc/meminfo)"
    echo "noise at the ${1:-start}: the same megabyte compressed in $(node "$bench/gauge.mjs") (fastest / median / slowest of 15), load average $(cut -d ' ' -f 1-3 /proc/loadavg)"
}
arguments=$*

# ---- data ----

made_by()
{
    cat "$@" | sha256sum | cut -c 1-12
}

# source_of N [county|province] [SEED]: a folder of dikuai-samples, made if it is not there; its path on stdout.
source_of()
{
    local where=${2:-province} seed=${3:-1} dir mark
    dir=$data/source-$1-$where-$seed
    mark=$(made_by "$samples" samples/dangshan/catalogue.yaml)
    if [ "$(cat "$dir/made-by" 2>/dev/null)" != "$mark" ]; then
        say "generating $1 parcels ($where)"
        rm -rf "$dir"
        "$samples" "$dir" --parcels "$1" --seed "$seed" --format fgb "--$where" >&2
        without_linked "$dir/catalogue.yaml"
        echo "$mark" >"$dir/made-by"
    fi
    echo "$dir"
}

# load STORE NAME FILE [OPTION]…: publishes, and shows what went wrong only.
load()
{
    local store=$1 kind=$2 file=$3
    shift 3
    "$ingest" load "$store" "$kind" "$file" --publish --rejects "$work/rejects.csv" "$@" >"$work/load.out" 2>"$work/load.err" || {
        tail -n 5 "$work/load.err" >&2
        fail "$file could not be loaded as $kind"
    }
}

# load_first STORE NAME BASE: the first of BASE.fgb, .gpkg, .xlsx, .csv that is there, if any.
load_first()
{
    local extension
    for extension in fgb gpkg xlsx csv; do
        [ ! -e "$3.$extension" ] || { load "$1" "$2" "$3.$extension"; return; }
    done
}

# West, south, east and north of a store's layer in degrees.
box_of()
{
    ogrinfo -ro -so "$1" "$2" 2>/dev/null | sed -n 's/^Extent: (\([^,]*\), \([^)]*\)) - (\([^,]*\), \([^)]*\))/\1 \2 \3 \4/p'
}

rows_of()
{
    ogrinfo -ro -so "$1" "$2" 2>/dev/null | sed -n 's/^Feature Count: //p'
}

# Zones (a tenth of the parcels) and mining rights (a two-hundredth) of land.mjs over the parcels' box.
load_land()
{
    local store=$1 parcels=$2 box
    read -r -a box <<<"$(box_of "$store" parcel)"
    [ "${#box[@]}" -eq 4 ] || fail "$store has no parcels"
    node "$bench/land.mjs" zones "$((parcels / 10))" "${box[@]}" >"$work/zones.geojsonl"
    # Mining rights reach up to 0.034 degrees from their middle.
    node "$bench/land.mjs" mining "$((parcels / 200 > 0 ? parcels / 200 : 1))" "$(calc "${box[0]} + 0.04" %.6f)" \
        "$(calc "${box[1]} + 0.04" %.6f)" "$(calc "${box[2]} - 0.04" %.6f)" "$(calc "${box[3]} - 0.04" %.6f)" >"$work/mining.geojsonl"
    local layer
    for layer in zones mining; do
        ogr2ogr -f FlatGeobuf "$work/$layer.fgb" "GeoJSONSeq:$work/$layer.geojsonl"
        load "$store" "${layer%s}" "$work/$layer.fgb"
        rm -f "$work/$layer".*
    done
}

# Every feature of every layer drawn from zoom 5 on, whatever its size.
draw_all()
{
    sed -e '/^    draw:/d' -e 's/^    zooms: \[[0-9]*,/    zooms: [5,/' -e 's/^    geometry: .*/&\n    draw: all/' "$1"
}

# without_linked CATALOGUE: takes out what makes further versions of rows, the linked fields and those that say how
# disclosure stands; the figures are of stores without them, and of one version of each row.
without_linked()
{
    sed -i '/computed: disclosure,$/,/}$/d; /^    grid: \[disclosure\]$/d; s/, disclosure\]/]/; s/, *linked: {[^}]*}//; s/^ *linked: {[^}]*}//' "$1"
}

# ledger_store_of N: a store of N parcels with all their ledgers, by the sample catalogue; made if it is not there.
ledger_store_of()
{
    local where=--county store
    store=$data/search-$1-$(made_by "$ingest" "$samples" samples/dangshan/catalogue.yaml).gpkg
    if [ ! -e "$store" ]; then
        say "making $store"
        rm -f "$data/search-$1-"*
        [ "$1" -le 200000 ] || where=--province
        "$samples" "$work/data" --parcels "$1" --format fgb $where >&2
        without_linked "$work/data/catalogue.yaml"
        DK_INGEST=$ingest samples/load "$work/data" "$work/made.gpkg" >&2 2>/dev/null
        mv "$work/made.gpkg" "$store"
        rm -rf "$work/data"
    fi
    echo "$store"
}

# store_of N [all]: a store of N parcels of a province with their projects and approvals, N/10 zones and N/200 mining
# rights, published; made if it is not there by these programs. all: every feature is drawn. --file and --catalogue of
# the caller (file, catalogue) replace the parcels. Its path on stdout.
store_of()
{
    local n=$1 draw=${2:-by-size} dir store mark label=$1
    if [ -n "${file-}" ]; then
        [ -e "$file" ] || fail "$file is not there"
        label=$(basename "$file" | tr -c 'A-Za-z0-9\n' _)
        dir=$data/source-$label
        mark=$(stat -c '%n %s %Y' "$file" ${catalogue:+"$catalogue"} | sha256sum | cut -c 1-12)-$(made_by "$bench/catalogue.mjs")
        if [ "$(cat "$dir/made-by" 2>/dev/null)" != "$mark" ]; then
            say "reading $file"
            rm -rf "$dir"
            mkdir -p "$dir"
            if [ -n "${catalogue-}" ]; then
                cp "$catalogue" "$dir/catalogue.yaml"
                ogr2ogr -f FlatGeobuf "$dir/parcels.fgb" "$file"
            else
                # A key that is unique for certain.
                local layer
                layer=$(ogrinfo -ro -q "$file" | sed -n 's/^1: \(.*\) ([^)]*)$/\1/p')
                [ -n "$layer" ] || layer=$(ogrinfo -ro -so -al "$file" | sed -n 's/^Layer name: //p' | head -n 1)
                ogr2ogr -f FlatGeobuf -t_srs EPSG:4490 "$dir/parcels.fgb" "$file" -nlt MULTIPOLYGON -sql "SELECT FID AS dk_row, * FROM \"$layer\""
                ogrinfo -ro -so -al "$dir/parcels.fgb" | node "$bench/catalogue.mjs" >"$dir/catalogue.yaml"
            fi
            echo "$mark" >"$dir/made-by"
        fi
    else
        dir=$(source_of "$n")
    fi
    mark=$(made_by "$ingest" "$dir/made-by" "$bench/land.mjs")
    store=$data/store-$label-$draw-$mark.gpkg
    if [ ! -e "$store" ]; then
        rm -f "$data/store-$label-$draw-"*
        say "loading $label, $draw"
        cp "$dir/catalogue.yaml" "$work/catalogue.yaml"
        [ "$draw" = by-size ] || draw_all "$dir/catalogue.yaml" >"$work/catalogue.yaml"
        rm -f "$store.part"*
        "$ingest" create "$store.part" --catalogue "$work/catalogue.yaml" >&2
        load_first "$store.part" project "$dir/projects"
        load_first "$store.part" approval "$dir/approvals"
        load "$store.part" parcel "$dir/parcels.fgb" --allow-rejects
        [ -n "${file-}" ] || load_land "$store.part" "$n"
        [ ! -s "$store.part-wal" ] || fail "$store.part has an unfinished write-ahead log"
        rm -f "$store.part"-*
        mv "$store.part" "$store"
    fi
    echo "$store"
}

# sample_of STORE LAYER N: about N rows of a layer, chosen by their numbers, as GeoJSON a line each. Not by -sql: GDAL does
# not always see that a result has a geometry.
sample_of()
{
    local rows
    rows=$(rows_of "$1" "$2")
    ogr2ogr -f GeoJSONSeq /vsistdout/ "$1" "$2" -select key \
        -where "(OGC_FID * 2654435761) % 4294967296 < 4294967296.0 * $3 / $rows" 2>/dev/null
}

# tiles_of STORE FIRST LAST N [ROWS]: lines z/x/y, distinct, each with a parcel, at most N a zoom.
tiles_of()
{
    sample_of "$1" parcel "${5:-20000}" | node "$bench/pick.mjs" "$2" "$3" "$4"
}

# LAYER,LAYER -> LAYER,LAYER_grid,…
with_grids()
{
    echo "$1" | sed 's/[^,][^,]*/&,&_grid/g'
}

# The layers of a store that have rows, by commas.
layers_of()
{
    local layer list=
    for layer in parcel zone mining; do
        [ "$(rows_of "$1" "$layer" || echo 0)" -gt 0 ] 2>/dev/null && list=$list,$layer
    done
    echo "${list#,}"
}

# watch_memory PID: notes its RssAnon from now on; watched_memory: ends that, prints the highest in MB.
watch_memory()
{
    echo 0 >"$work/watched"
    (
        highest=0
        while now=$(status_of "$1" RssAnon) && [ -n "$now" ]; do
            [ "$now" -le "$highest" ] || { highest=$now; echo "$now" >"$work/watched"; }
            sleep 0.1
        done
    ) &
    watcher=$!
    processes+=("$watcher")
}
watched_memory()
{
    kill "$watcher" 2>/dev/null || true
    calc "$(cat "$work/watched") / 1024" %.1f
}
