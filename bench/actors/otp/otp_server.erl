%% The servers of the bench: counter, ring member, sender, sink, and one that crashes. Each kind has a state of its own shape.
-module(otp_server).
-behaviour(gen_server).
-export([start/1, start_link/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

start(Args) -> {ok, Pid} = gen_server:start(?MODULE, Args, []), Pid.
start_link(Args) -> gen_server:start_link(?MODULE, Args, []).

init({crasher, Owner, Id}) ->
    Owner ! {up, Id, self(), erlang:monotonic_time(nanosecond)},
    {ok, 0};
init(State) -> {ok, State}.

handle_call(get, _From, State) -> {reply, State, State}.

handle_cast(tick, Count) when is_integer(Count) -> {noreply, Count + 1};
%% A member of a ring: {Next, Owner}.
handle_cast({next, Next, Owner}, _) -> {noreply, {Next, Owner}};
handle_cast({hop, 0}, {_, Owner} = State) -> Owner ! done, {noreply, State};
handle_cast({hop, Left}, {Next, _} = State) -> gen_server:cast(Next, {hop, Left - 1}), {noreply, State};
%% A sender: {Sink, Left}. It sends a hundred at a time, then lets others go on.
handle_cast(go, {Sink, Left}) ->
    Batch = min(100, Left),
    send(Sink, Batch),
    Left > Batch andalso gen_server:cast(self(), go),
    {noreply, {Sink, Left - Batch}};
%% A sink: {sink, Left, Owner}.
handle_cast(tick, {sink, 1, Owner}) -> Owner ! done, {noreply, {sink, 0, Owner}};
handle_cast(tick, {sink, Left, Owner}) -> {noreply, {sink, Left - 1, Owner}};
handle_cast(hibernate, State) -> {noreply, State, hibernate};
handle_cast(crash, _) -> error(crash).

handle_info(_, State) -> {noreply, State}.

send(_, 0) -> ok;
send(Sink, Left) -> gen_server:cast(Sink, tick), send(Sink, Left - 1).
