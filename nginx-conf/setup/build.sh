# Builds everything with CMake. Sourced by quickstart and t/run:
#   build_into DIR [cmake options…]   quiet when it works, the end of the log when it does not; -S among
#                                     the options names another project of the tree.
# Needs die() of packages.sh and $checkout, the repository's root.

build_into() {
    local directory=$1 log
    shift
    [[ $checkout != *[[:space:]]* ]] || die "NGINX's configure cannot work in a path with spaces: $checkout"
    mkdir -p "$directory" 2>/dev/null || die "cannot write to $directory: no rights there"
    log=$directory/build.log
    : > "$log" 2>/dev/null || die "cannot write to $directory: no rights there"
    if command -v ccache >/dev/null; then
        set -- "$@" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
    echo "building in $directory (log: $log)"
    if ! { cmake -S "$checkout" -B "$directory" "$@" &&
           cmake --build "$directory" --parallel "${COUPON_JOBS:-$(nproc)}"; } >> "$log" 2>&1; then
        grep -E -A 5 '(error|Error)[: ]' "$log" | head -n 40 >&2
        tail -n 5 "$log" >&2
        die "the build failed (whole output: $log)"
    fi
}
