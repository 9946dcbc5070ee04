%% The supervisors of the bench.
-module(otp_sup).
-behaviour(supervisor).
-export([dynamic/0, crashers/2, tree/2, group/1, stop/1, init/1]).

dynamic() -> start(dynamic).
crashers(Owner, Ids) -> start({crashers, Owner, Ids}).
tree(Groups, Size) -> start({tree, Groups, Size}).
group(Size) -> supervisor:start_link(?MODULE, {group, Size}).

start(What) -> {ok, Sup} = supervisor:start_link(?MODULE, What), Sup.

stop(Sup) ->
    exit(Sup, shutdown),
    receive {'EXIT', Sup, shutdown} -> ok end.

init(dynamic) ->
    {ok, {#{strategy => simple_one_for_one}, [worker(child, 0)]}};
init({crashers, Owner, Ids}) ->
    {ok, {#{intensity => 1000000000, period => 1}, [worker(Id, {crasher, Owner, Id}) || Id <- Ids]}};
init({tree, Groups, Size}) ->
    {ok, {#{}, [#{id => Id, start => {?MODULE, group, [Size]}, type => supervisor} || Id <- lists:seq(1, Groups)]}};
init({group, Size}) ->
    {ok, {#{}, [worker(Id, 0) || Id <- lists:seq(1, Size)]}}.

worker(Id, Args) -> #{id => Id, start => {otp_server, start_link, [Args]}}.
