# The commands of libtaskactor/docs/nodes.md, run by test_nodes.py in a folder with the three files and libtasks.so.
set -eu

taskactor node cert --authority ca alpha beta gamma ops

taskactor node --config alpha.toml &
taskactor node --config beta.toml &
taskactor node --config gamma.toml &

# Until beta and gamma answer: a socket is there before somebody listens.
for name in beta gamma; do
  until taskactor nodes --node unix:$name.socket --authority ca/authority.pem --certificate ca/ops.pem --key ca/ops.key \
    >/dev/null 2>&1; do sleep 0.05; done
done
# Until alpha has met beta.
while ! taskactor nodes --node unix:alpha.socket --authority ca/authority.pem --certificate ca/ops.pem --key ca/ops.key |
  grep -q '^beta *up *8 '; do sleep 0.05; done

export TASKACTOR_NODE_AUTHORITY=ca/authority.pem TASKACTOR_NODE_CERTIFICATE=ca/ops.pem TASKACTOR_NODE_KEY=ca/ops.key
taskactor nodes --node unix:alpha.socket
taskactor call --node unix:beta.socket square 12

taskactor call --node unix:gamma.socket work 60 > called 2>&1 &
while ! taskactor status --node unix:gamma.socket | grep -q running; do sleep 0.05; done

taskactor status --node unix:gamma.socket
taskactor cancel --node unix:gamma.socket "$(taskactor status --node unix:gamma.socket | awk 'NR == 2 { print $1 }')"

wait %4 || true

kill -KILL %2
while ! taskactor nodes --node unix:alpha.socket | grep -q '^beta *down'; do sleep 0.05; done
taskactor nodes --node unix:alpha.socket

kill -TERM %1 %3

wait
