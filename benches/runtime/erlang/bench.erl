%% The benchmarks as an Erlang programmer would write them: `bench:main([NAME])` prints nanoseconds and a check sum.
%% A process has one mailbox, which is its unbounded channel; what needs another kind of channel is left out,
%% and so is arithmetic on 64 bits, which is done in big integers.
-module(bench).
-export([main/1]).

main(["parked", Count]) -> parked(list_to_integer(Count));
main(["wake"]) -> wake();
main([Name]) ->
    Self = self(),
    %% A fresh process, whose heap is as any other's.
    spawn(fun() ->
        Start = erlang:monotonic_time(nanosecond),
        Sum = run(Name),
        Self ! {erlang:monotonic_time(nanosecond) - Start, Sum}
    end),
    receive {Time, Sum} -> io:format("~b ~b~n", [Time, Sum]) end.

run("spawn") ->
    Self = self(),
    times(1000000, fun(I) -> spawn(fun() -> case I rem 1000 of 0 -> Self ! 1; _ -> ok end end) end),
    add(1000, 0);
run("spawn_channel") -> ask(0, 0);
run("skynet") ->
    Self = self(),
    spawn(fun() -> skynet(Self, 0, 1000000) end),
    add(1, 0);
run("ping_pong") ->
    Self = self(),
    Pong = spawn(fun() -> pong(Self, 500000) end),
    ping(Pong, 500000, 0);
run("ring") ->
    Self = self(),
    Last = spawn(fun() -> receive {next, To} -> member(To, Self) end end),
    First = lists:foldl(fun(_, To) -> spawn(fun() -> member(To, Self) end) end, Last, lists:seq(1, 502)),
    Last ! {next, First},
    First ! {token, 1000000},
    receive done -> 1 end;
run("fan_in_unbounded") ->
    Self = self(),
    times(8, fun(_) -> spawn(fun() -> times(250000, fun(I) -> Self ! I end) end) end),
    add(2000000, 0);
run("fork_join") -> fib(30).

times(Count, Do) -> times(0, Count, Do).
times(Count, Count, _) -> ok;
times(I, Count, Do) -> Do(I), times(I + 1, Count, Do).

add(0, Sum) -> Sum;
add(Left, Sum) -> receive Value -> add(Left - 1, Sum + Value) end.

ask(1000000, Sum) -> Sum;
ask(I, Sum) ->
    Self = self(),
    Ref = make_ref(),
    spawn(fun() -> Self ! {Ref, I + 1} end),
    receive {Ref, Value} -> ask(I + 1, Sum + Value) end.

skynet(Up, Num, 1) -> Up ! Num;
skynet(Up, Num, Size) ->
    Self = self(),
    Part = Size div 10,
    times(10, fun(I) -> spawn(fun() -> skynet(Self, Num + I * Part, Part) end) end),
    Up ! add(10, 0).

ping(_, 0, Value) -> Value;
ping(Pong, Left, Value) ->
    Pong ! Value,
    receive Next -> ping(Pong, Left - 1, Next) end.

pong(_, 0) -> ok;
pong(Ping, Left) ->
    receive Value -> Ping ! Value + 1 end,
    pong(Ping, Left - 1).

member(To, Done) ->
    receive
        {token, 0} -> Done ! done;
        {token, Token} -> To ! {token, Token - 1}, member(To, Done)
    end.

fib(N) when N < 2 -> N;
fib(N) ->
    Self = self(),
    Ref = make_ref(),
    spawn(fun() -> Self ! {Ref, fib(N - 1)} end),
    Right = fib(N - 2),
    receive {Ref, Left} -> Left + Right end.

%% Prints the median, the number of rounds, and the 99th percentile.
wake() ->
    Self = self(),
    Other = spawn(fun() -> answer(Self) end),
    Delays = lists:sort([round_trip(Other) || _ <- lists:seq(1, 1000)]),
    io:format("~b ~b ~b~n", [lists:nth(501, Delays), length(Delays), lists:nth(991, Delays)]).

answer(To) ->
    receive Sent -> To ! {delay, erlang:monotonic_time(nanosecond) - Sent} end,
    answer(To).

round_trip(Other) ->
    timer:sleep(1),
    Other ! erlang:monotonic_time(nanosecond),
    busy().

busy() ->
    receive {delay, Delay} -> Delay after 0 -> busy() end.

parked(Count) ->
    Self = self(),
    timer:sleep(200),
    Start = erlang:monotonic_time(nanosecond),
    Waiting = [spawn(fun() -> Self ! 1, receive go -> ok end end) || _ <- lists:seq(1, Count)],
    Sum = add(Count, 0),
    End = erlang:monotonic_time(nanosecond),
    timer:sleep(500),
    lists:foreach(fun(Pid) -> Pid ! go end, Waiting),
    io:format("~b ~b~n", [End - Start, Sum]).
