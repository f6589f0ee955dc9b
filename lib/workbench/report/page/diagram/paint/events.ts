/** Paints the events of a scene: messages, lost messages, operations, and what is highlighted. */
import { lanePositions, messagesWithin, operationsWithin, type Range } from "../geometry.ts";
import { paintHighlightedMessages } from "./highlight.ts";
import { paintLostMessages } from "./lost-messages.ts";
import { paintMessages } from "./messages.ts";
import { paintOperations } from "./operations.ts";
import type { Context, Painting, Scene } from "./scene.ts";

export function* paintEvents(context: Context, scene: Scene): Painting {
  let isSampled = false;
  if (scene.hasMessages) {
    const yByLane = lanePositions(scene);
    isSampled = yield* paintMessages(context, scene, yByLane);
    yield;
    yield* paintLostMessages(context, scene, yByLane);
    if (scene.highlight !== undefined) {
      paintHighlightedMessages(context, scene, scene.highlight, yByLane);
    }
  }
  yield* paintOperations(context, scene);
  return isSampled;
}

/** Estimates the work of painting all events, in lines, without sampling. */
export function workOf(scene: Scene): number {
  const count = ([first, last]: Range) => last - first;
  const messages = scene.hasMessages ? count(messagesWithin(scene, scene.time)) : 0;
  return messages + count(operationsWithin(scene, scene.time));
}
