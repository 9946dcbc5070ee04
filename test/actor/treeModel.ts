/** What a tree of supervisors does, by the rules alone: nothing of src is asked here, so that a mistake there is not one here. */

export type RestartType = "permanent" | "transient" | "temporary";
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";
export type AutoShutdown = "never" | "any_significant" | "all_significant";
export type How = "Die" | "Finish" | "Leave" | "kill";

export interface WorkerShape {
  readonly worker: RestartType;
  readonly significant: boolean;
  /** Its terminate takes some turns. */
  readonly slow: boolean;
}

export interface SupervisorShape {
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly intensity: number;
  readonly children: ReadonlyArray<WorkerShape | SupervisorShape>;
}

abstract class Node {
  readonly id: string;
  readonly restart: RestartType;
  readonly significant: boolean;
  readonly parent: ModelSupervisor | null;
  up = false;
  held = false;
  incarnation = 0;
  constructor(id: string, restart: RestartType, significant: boolean, parent: ModelSupervisor | null) {
    this.id = id;
    this.restart = restart;
    this.significant = significant;
    this.parent = parent;
  }
  abstract start(): void;
  abstract stop(): void;
}

export class ModelWorker extends Node {
  readonly slow: boolean;
  readonly log: Array<string>;
  constructor(id: string, shape: WorkerShape, parent: ModelSupervisor) {
    super(id, shape.worker, shape.significant, parent);
    this.slow = shape.slow;
    this.log = parent.tree.log;
  }
  start(): void {
    this.up = true;
    this.held = false;
    this.incarnation++;
    this.log.push(`+${this.id}`);
  }
  stop(): void {
    if (!this.up) return;
    this.up = false;
    this.log.push(`-${this.id}`);
    if (this.slow) this.log.push(`~${this.id}`);
  }
}

export class ModelSupervisor extends Node {
  readonly shape: SupervisorShape;
  readonly tree: Tree;
  /** In the order of the spec; `children` are those that it has just now. */
  readonly own: ReadonlyArray<ModelWorker | ModelSupervisor>;
  children: Array<ModelWorker | ModelSupervisor> = [];
  private times: Array<number> = [];

  constructor(id: string, shape: SupervisorShape, parent: ModelSupervisor | null, tree: Tree) {
    super(id, "permanent", false, parent);
    this.shape = shape;
    this.tree = tree;
    this.own = shape.children.map((child, n) =>
      "worker" in child ? new ModelWorker(`${id}${n}`, child, this) : new ModelSupervisor(`${id}${n}`, child, this, tree),
    );
  }

  start(): void {
    this.up = true;
    this.held = false;
    this.incarnation++;
    this.times = [];
    this.children = [...this.own];
    for (const child of this.children) child.start();
  }

  stop(): void {
    if (!this.up) return;
    this.up = false;
    for (const child of [...this.children].reverse()) {
      child.stop();
      this.forget(child);
    }
    this.children = [];
  }

  /** A temporary child that has ended is nobody's any more; should its supervisor start again, its next one is another actor. */
  private forget(child: ModelWorker | ModelSupervisor): void {
    if (child.restart !== "temporary") return;
    this.children.splice(this.children.indexOf(child), 1);
    child.incarnation = 0;
  }

  /** A child has ended by itself. */
  ended(child: ModelWorker | ModelSupervisor, abnormal: boolean): void {
    child.up = false;
    if (child.restart === "permanent" || (child.restart === "transient" && abnormal)) return this.failed(child);
    this.forget(child);
    if (!child.significant || this.shape.autoShutdown === "never") return;
    if (this.shape.autoShutdown === "all_significant" && this.children.some((other) => other.significant && other.up)) return;
    this.end();
  }

  private end(): void {
    this.stop();
    if (this.parent === null) this.tree.over = true;
    else this.parent.ended(this, false);
  }

  private failed(child: ModelWorker | ModelSupervisor): void {
    const { intensity, strategy } = this.shape;
    const { now, period } = this.tree;
    if (this.times.filter((time) => now - time <= period).length >= intensity) return this.end();
    this.times.push(now);
    if (strategy === "one_for_one") return child.start();
    const from = strategy === "one_for_all" ? 0 : this.children.indexOf(child);
    for (const other of this.children.slice(from).reverse()) other.stop();
    for (const other of this.children.slice(from)) this.forget(other);
    for (const other of this.children.slice(from)) if (!other.held) other.start();
  }

  terminate(child: ModelWorker | ModelSupervisor, hold: boolean): void {
    child.stop();
    child.held = hold;
    this.forget(child);
  }
}

/** A tree, the order of what happens in it, and its clock. */
export class Tree {
  readonly log: Array<string> = [];
  readonly period: number;
  readonly root: ModelSupervisor;
  now = 0;
  /** The root has ended by itself. */
  over = false;

  constructor(shape: SupervisorShape, period: number) {
    this.period = period;
    this.root = new ModelSupervisor("r", shape, null, this);
    this.root.start();
  }

  die(worker: ModelWorker, how: How): void {
    if (how !== "kill") {
      this.log.push(`-${worker.id}`);
      if (worker.slow) this.log.push(`~${worker.id}`);
    }
    worker.parent!.ended(worker, how === "Die" || how === "kill");
  }

  /** Those that are there, supervisors before what is below them. */
  get nodes(): ReadonlyArray<ModelWorker | ModelSupervisor> {
    const below = (node: ModelWorker | ModelSupervisor): ReadonlyArray<ModelWorker | ModelSupervisor> =>
      node instanceof ModelSupervisor ? [node, ...node.children.flatMap(below)] : [node];
    return below(this.root);
  }
}
