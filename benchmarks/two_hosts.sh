#!/usr/bin/env bash
# Are the results of two machines those of one? Two network namespaces of one machine (Linux, root)
# stand for them; each runs one process under torchrun.
#
#     benchmarks/two_hosts.sh --checkpoint ... --image-dir ... --excel-path ...
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'ip netns del host_a 2>/dev/null; ip netns del host_b 2>/dev/null; rm -rf "$work"' EXIT

ip netns add host_a
ip netns add host_b
ip link add link_a netns host_a type veth peer name link_b netns host_b
for host in a b; do
    ip -n "host_$host" link set lo up
    ip -n "host_$host" link set "link_$host" up
done
ip -n host_a addr add 10.231.7.1/24 dev link_a
ip -n host_b addr add 10.231.7.2/24 dev link_b

host() { # name, rank, arguments
    ip netns exec "host_$1" env OMP_NUM_THREADS=1 GLOO_SOCKET_IFNAME="link_$1" \
        torchrun --nnodes 2 --node-rank "$2" --nproc-per-node 1 \
        --master-addr 10.231.7.1 --master-port 29577 \
        evaluate.py "${@:3}" --quiet --output-dir "$work/two" >"$work/$1.log" 2>&1
}
host b 1 "$@" &
host a 0 "$@" || { cat "$work/a.log"; exit 1; }
wait
OMP_NUM_THREADS=1 python evaluate.py "$@" --quiet --output-dir "$work/one" >/dev/null 2>&1

python - "$work" <<'END'
import json
import sys
from pathlib import Path

one, two = (next((Path(sys.argv[1]) / name).iterdir()) for name in ("one", "two"))
for name in ("predictions.csv", "gradcam_maps.npz"):
    if (one / name).read_bytes() != (two / name).read_bytes():
        sys.exit(f"{name} differs")
a, b = (json.loads((run / "test_metrics.json").read_text()) for run in (one, two))
if (b["evaluation_info"]["processes"], a["evaluation_info"]["processes"]) != (2, 1):
    sys.exit("not two processes against one")
other = [key for key in a if key != "evaluation_info" and a[key] != b[key]]
sys.exit(f"differing: {other}" if other else print("two hosts give what one process gives"))
END
