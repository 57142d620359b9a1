#!/usr/bin/env escript
%% -*- erlang -*-
%%! +P 4000000 -noinput
%% A peer of taskactor-bench: processes under one that monitors them, as Erlang has it: each task's end is a DOWN
%% message to the manager. Compiled, not interpreted.
%%
%% A task has an id that is checked, a deadline (a timer, cancelled at its end) and a state, in the manager's map; so
%% many run at once. Its result is its exit reason.
-mode(compile).

-record(manager, {capacity, waiting = queue:new(), table = #{}, running = #{}, results = #{}}).

%% -- the manager: its own process's state ----------------------------------------------------------------------------

add(Id, Body, Timeout, M = #manager{table = Table}) ->
    case Table of
        #{Id := _} -> error({duplicate_id, Id});
        _ -> start_some(M#manager{table = Table#{Id => queued}, waiting = queue:in({Id, Body, Timeout}, M#manager.waiting)})
    end.

start_some(M = #manager{capacity = Capacity, running = Running}) when map_size(Running) >= Capacity -> M;
start_some(M = #manager{waiting = Waiting, running = Running, table = Table}) ->
    case queue:out(Waiting) of
        {empty, _} -> M;
        {{value, {Id, Body, Timeout}}, Rest} ->
            {Pid, Ref} = spawn_monitor(fun() -> exit({value, Body()}) end),
            Timer = erlang:start_timer(Timeout, self(), Pid),
            start_some(M#manager{waiting = Rest, running = Running#{Ref => {Id, Pid, Timer}},
                                 table = Table#{Id := running}})
    end.

%% Until nothing waits or runs.
run(M = #manager{running = Running, waiting = Waiting}) ->
    case map_size(Running) =:= 0 andalso queue:is_empty(Waiting) of
        true -> M#manager.results;
        false -> run(step(M))
    end.

step(M = #manager{running = Running, table = Table, results = Results}) ->
    receive
        {'DOWN', Ref, process, _, Reason} ->
            #{Ref := {Id, _, Timer}} = Running,
            erlang:cancel_timer(Timer, [{async, true}, {info, false}]),
            start_some(M#manager{running = maps:remove(Ref, Running), table = maps:remove(Id, Table),
                                 results = Results#{Id => Reason}});
        {timeout, _, Pid} ->
            exit(Pid, kill),
            M
    end.

check(true) -> ok;
check(false) ->
    io:put_chars(standard_error, "a result is wrong\n"),
    halt(1).

%% -- the works: see ../work.cpp --------------------------------------------------------------------------------------

id(Number) -> <<"t", (integer_to_binary(Number))/binary>>.

run_tasks(Body, Size, Capacity) ->
    Watch = start(),
    Admitted = lists:foldl(fun(N, M) -> add(id(N), fun() -> Body(N) end, 30000, M) end,
                           #manager{capacity = Capacity}, lists:seq(1, Size)),
    Results = run(Admitted),
    check(lists:all(fun(N) -> maps:get(id(N), Results) =:= {value, N} end, lists:seq(1, Size))),
    read(Watch).

work("add", Size) -> run_tasks(fun(N) -> N end, Size, 128);
work("sleep", Size) -> run_tasks(fun(N) -> timer:sleep(10), N end, Size, 2000);
work("gather", Size) ->
    %% Lanes of processes, each of which starts a process for an item; a deadline is what the lane waits for.
    Watch = start(),
    Lanes = [spawn_monitor(fun() -> exit({values, lane(First, Size)}) end) || First <- lists:seq(1, min(128, Size))],
    Found = lists:append([receive {'DOWN', Ref, process, _, {values, Values}} -> Values end || {_, Ref} <- Lanes]),
    check([N || {N, N} <- lists:sort(Found)] =:= lists:seq(1, Size)),
    read(Watch);
work("cancel", Size) ->
    Sleepers = start_sleepers(Size),
    Watch = start(),
    cancel_all(Sleepers),
    read(Watch);
work("memory", Size) ->
    cancel_all(start_sleepers(1)),
    Before = resident_bytes(),
    Sleepers = start_sleepers(Size),
    erlang:garbage_collect(),
    After = resident_bytes(),
    cancel_all(Sleepers),
    [{bytes, After - Before}];
work("tree", Size) ->
    Watch = start(),
    Sum = fib(Size),
    Taken = read(Watch),
    check(Sum =:= plain_fib(Size)),
    Taken;
work("latency", Size) ->
    Taken = lists:sort([latency(N) || N <- lists:seq(1, Size)]),
    [{p50_seconds, lists:nth(Size div 2 + 1, Taken)}, {p99_seconds, lists:nth(Size * 99 div 100 + 1, Taken)}].

lane(Number, Size) when Number > Size -> [];
lane(Number, Size) ->
    {Pid, Ref} = spawn_monitor(fun() -> exit({value, Number}) end),
    Value = receive
        {'DOWN', Ref, process, _, {value, V}} -> V
    after 5000 ->
        exit(Pid, kill),
        timed_out
    end,
    [{Number, Value} | lane(Number + 128, Size)].

%% All of them asleep.
start_sleepers(Size) ->
    Self = self(),
    Sleepers = [spawn_monitor(fun() -> Self ! asleep, timer:sleep(3600000) end) || _ <- lists:seq(1, Size)],
    lists:foreach(fun(_) -> receive asleep -> ok end end, Sleepers),
    Sleepers.

cancel_all(Sleepers) ->
    lists:foreach(fun({Pid, _}) -> exit(Pid, cancelled) end, Sleepers),
    lists:foreach(fun({_, Ref}) -> receive {'DOWN', Ref, process, _, Why} -> check(Why =:= cancelled) end end, Sleepers).

fib(N) when N < 2 -> N;
fib(N) ->
    Children = [spawn_monitor(fun() -> exit({value, fib(N - K)}) end) || K <- [1, 2]],
    lists:sum([receive {'DOWN', Ref, process, _, {value, Value}} -> Value end || {_, Ref} <- Children]).

plain_fib(N) when N < 2 -> N;
plain_fib(N) -> plain_fib(N - 1) + plain_fib(N - 2).

latency(Number) ->
    timer:sleep(1),
    Started = erlang:monotonic_time(nanosecond),
    Results = run(add(<<"t">>, fun() -> Number end, 30000, #manager{capacity = 128})),
    Ended = erlang:monotonic_time(nanosecond),
    check(maps:get(<<"t">>, Results) =:= {value, Number}),
    (Ended - Started) / 1.0e9.

%% -- the protocol of a contender: see ../contender.hpp ---------------------------------------------------------------

%% Processor time from the system: the emulator's own count leaves out what its threads spin.
cpu_seconds() ->
    {ok, Text} = file:read_file("/proc/self/stat"),
    Fields = string:lexemes(lists:last(string:split(Text, ")", trailing)), " "),
    (binary_to_integer(lists:nth(12, Fields)) + binary_to_integer(lists:nth(13, Fields))) / 100.

start() -> {erlang:monotonic_time(nanosecond), cpu_seconds()}.

read({Wall, Cpu}) ->
    [{seconds, (erlang:monotonic_time(nanosecond) - Wall) / 1.0e9}, {cpu_seconds, cpu_seconds() - Cpu}].

resident_bytes() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Resident | _] = string:lexemes(Text, " "),
    binary_to_integer(Resident) * 4096.

main(["--about"]) ->
    io:format("{\"name\": \"Erlang\", \"version\": \"OTP ~s\", \"works\": [\"add\", \"sleep\", \"gather\", \"cancel\", "
              "\"memory\", \"tree\", \"latency\"]}~n", [erlang:system_info(otp_release)]);
main([Name, Size]) ->
    Taken = [io_lib:format("\"~s\": ~w", [Key, Value]) || {Key, Value} <- work(Name, list_to_integer(Size))],
    io:format("{~s}~n", [lists:join(", ", Taken)]);
main(_) ->
    io:put_chars(standard_error, "usage: erlang_tasks.escript WORK SIZE, or --about\n"),
    halt(2).
