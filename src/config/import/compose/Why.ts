/**
 * What is said of keys of Compose that have no counterpart.
 */
const NETWORK = "a unit is on the network of this machine: others reach it at 127.0.0.1";
const FILES = "a unit sees the files of this machine";
const RIGHTS = "a unit has the rights of the master";

const WHY: Readonly<Record<string, string>> = {
  user: "hsu runs a unit as the user that it is run by itself",
  volumes: FILES,
  volumes_from: FILES,
  tmpfs: FILES,
  read_only: FILES,
  configs: FILES,
  secrets: "environment: { NAME: { file: PATH } } is a secret",
  networks: NETWORK,
  network_mode: NETWORK,
  links: NETWORK,
  hostname: NETWORK,
  expose: NETWORK,
  extra_hosts: NETWORK,
  dns: NETWORK,
  privileged: RIGHTS,
  cap_add: RIGHTS,
  cap_drop: RIGHTS,
  security_opt: RIGHTS,
  devices: RIGHTS,
  container_name: "a unit is called by the name of its service",
  labels: "a unit has no labels",
  tty: "a unit has no terminal, and reads from /dev/null",
  stdin_open: "a unit has no terminal, and reads from /dev/null",
  include: "what is included is not looked for: give the output of `docker compose config`",
  init: "each unit is ended with all the processes that it has started",
  update_config: "a change restarts instances one after the other",
};

export const whyNot = (key: string): string | undefined => (Object.hasOwn(WHY, key) ? WHY[key] : undefined);
