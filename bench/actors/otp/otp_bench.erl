%% One measurement of OTP in an emulator of its own: erl -noshell +S 1 -run otp_bench main NAME N WARM. Prints one JSON object.
-module(otp_bench).
-export([main/1, node/3]).

main([Name, Count, Warm]) ->
    logger:set_primary_config(level, none),
    N = list_to_integer(Count),
    %% A driver with a large heap, so that its own collections are not what is measured.
    {_, Ref} = spawn_opt(fun() -> drive(list_to_atom(Name), N, list_to_integer(Warm)) end, [monitor, {min_heap_size, 100000}]),
    receive
        {'DOWN', Ref, _, _, normal} -> erlang:halt(0, [{flush, true}]);
        {'DOWN', Ref, _, _, Reason} -> io:format(standard_error, "~p~n", [Reason]), erlang:halt(1, [{flush, true}])
    end.

drive(Name, N, Warm) ->
    process_flag(trap_exit, true),
    [run(Name, N div 10) || _ <- lists:seq(1, Warm)],
    Result = [io_lib:format("\"~s\":~p", [Key, float(Value)]) || {Key, Value} <- run(Name, N)],
    io:format("{~s}~n", [lists:join(",", Result)]).

run(spawn, N) -> created(N, fun start_children/2);
run(spawnRoot, N) -> created(N, fun(_, Count) -> [otp_server:start(0) || _ <- lists:seq(1, Count)] end);
run(idle, N) -> idle(N, fun(_) -> ok end);
run(idleHibernated, N) ->
    idle(N, fun(Sup) ->
        [gen_server:cast(Pid, hibernate) || {_, Pid, _, _} <- supervisor:which_children(Sup)],
        timer:sleep(N div 200)
    end);
run(cast, N) ->
    Pid = otp_server:start(0),
    rate(N, fun() -> bursts(Pid, 0, N) end);
run(call, N) -> calls(N, infinity);
run(callDeadline, N) -> calls(N, 5000);
run(pingPong, N) -> ring(2, N);
run(ring, N) -> ring(1000, N);
run(fanIn, N) ->
    Sink = otp_server:start({sink, N, self()}),
    Senders = [otp_server:start({Sink, N div 100}) || _ <- lists:seq(1, 100)],
    rate(N, fun() ->
        [gen_server:cast(Pid, go) || Pid <- Senders],
        receive done -> ok end
    end);
run(restart, N) ->
    Sup = otp_sup:crashers(self(), [1]),
    Pid = receive {up, 1, First, _} -> First end,
    Count = min(1000, N),
    Start = now_ns(),
    {Next, First1000} = crashes(Pid, Count, []),
    Thousandth = now_ns() - Start,
    {_, Rest} = crashes(Next, N - Count, []),
    Whole = now_ns() - Start,
    otp_sup:stop(Sup),
    Times = First1000 ++ Rest,
    Early = median(First1000),
    Late = median(lists:nthtail(N - Count, Times)),
    [{rate, N * 1.0e9 / Whole}, {early, Count * 1.0e9 / Thousandth},
     {p50, Early / 1000}, {kept, Early / Late}];
run(burst, N) ->
    Times = [burst(1000) || _ <- lists:seq(1, N div 1000)],
    [{rate, N * 1.0e9 / lists:sum(Times)}];
run(tree, N) ->
    Start = now_ns(),
    Sup = otp_sup:tree(N div 1000, 1000),
    Up = now_ns(),
    otp_sup:stop(Sup),
    [{start, N * 1.0e9 / (Up - Start)}, {stop, N * 1.0e9 / (now_ns() - Up)}];
run(skynet, N) ->
    Self = self(),
    Expected = N * (N - 1) div 2,
    rate(N, fun() ->
        spawn(?MODULE, node, [Self, 0, N]),
        receive {sum, Sum} -> Expected = Sum end
    end).

now_ns() -> erlang:monotonic_time(nanosecond).

rate(N, Work) ->
    Start = now_ns(),
    Work(),
    [{rate, N * 1.0e9 / (now_ns() - Start)}].

created(N, Create) ->
    Sup = otp_sup:dynamic(),
    Start = now_ns(),
    Pids = Create(Sup, N),
    0 = gen_server:call(lists:last(Pids), get),
    Spent = now_ns() - Start,
    otp_sup:stop(Sup),
    [exit(Pid, kill) || Pid <- Pids],
    [{rate, N * 1.0e9 / Spent}].

start_children(Sup, N) -> [begin {ok, Pid} = supervisor:start_child(Sup, []), Pid end || _ <- lists:seq(1, N)].

idle(N, Settle) ->
    Sup = otp_sup:dynamic(),
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    start_only(Sup, N),
    Settle(Sup),
    [erlang:garbage_collect(Pid) || Pid <- [self(), Sup]],
    After = erlang:memory(total),
    otp_sup:stop(Sup),
    [{bytes, (After - Before) / N}].

start_only(_, 0) -> ok;
start_only(Sup, N) -> {ok, _} = supervisor:start_child(Sup, []), start_only(Sup, N - 1).

bursts(_, N, N) -> ok;
bursts(Pid, Sent, N) ->
    ticks(Pid, 10000),
    Next = Sent + 10000,
    Next = gen_server:call(Pid, get),
    bursts(Pid, Next, N).

ticks(_, 0) -> ok;
ticks(Pid, N) -> gen_server:cast(Pid, tick), ticks(Pid, N - 1).

calls(N, Timeout) ->
    Pid = otp_server:start(7),
    rate(N, fun() -> calls(Pid, N, Timeout) end).

calls(_, 0, _) -> ok;
calls(Pid, N, Timeout) -> 7 = gen_server:call(Pid, get, Timeout), calls(Pid, N - 1, Timeout).

ring(Size, N) ->
    Pids = [otp_server:start(none) || _ <- lists:seq(1, Size)],
    [gen_server:cast(Pid, {next, Next, self()}) || {Pid, Next} <- lists:zip(Pids, tl(Pids) ++ [hd(Pids)])],
    rate(N, fun() ->
        gen_server:cast(hd(Pids), {hop, N}),
        receive done -> ok end
    end).

crashes(Pid, 0, Times) -> {Pid, lists:reverse(Times)};
crashes(Pid, N, Times) ->
    Start = now_ns(),
    gen_server:cast(Pid, crash),
    receive {up, 1, Next, Up} -> crashes(Next, N - 1, [Up - Start | Times]) end.

burst(Size) ->
    Ids = lists:seq(1, Size),
    Sup = otp_sup:crashers(self(), Ids),
    Pids = [receive {up, Id, Pid, _} -> Pid end || Id <- Ids],
    Start = now_ns(),
    [gen_server:cast(Pid, crash) || Pid <- Pids],
    [receive {up, _, _, _} -> ok end || _ <- Ids],
    Spent = now_ns() - Start,
    otp_sup:stop(Sup),
    Spent.

median(Times) -> lists:nth(length(Times) div 2 + 1, lists:sort(Times)).

%% Plain processes, without OTP.
node(Parent, Number, 1) -> Parent ! {sum, Number};
node(Parent, Number, Size) ->
    Each = Size div 10,
    [spawn(?MODULE, node, [self(), Number + K * Each, Each]) || K <- lists:seq(0, 9)],
    Parent ! {sum, sum(10, 0)}.

sum(0, Sum) -> Sum;
sum(Left, Sum) -> receive {sum, Value} -> sum(Left - 1, Sum + Value) end.
