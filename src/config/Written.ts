/**
 * Values as the text of a config file. Pure.
 */
import { Document, isScalar, isSeq, Scalar, visit } from "yaml";

type Block = { readonly [key: string]: unknown };

/** Without what is not there. */
export const given = (fields: Block): Block => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** As the text of a file. */
export const yamlOf = (config: Block, comment?: string): string => {
  const document = new Document(config, { aliasDuplicateObjects: false });
  if (comment !== undefined) document.commentBefore = ` ${comment}`;
  visit(document, {
    Scalar: (place, node) => {
      // A key is what it is, and no merge.
      if (place === "key") {
        if (node.value === "<<") node.type = Scalar.QUOTE_DOUBLE;
      } else if (typeof node.value === "string") node.value = written(node.value);
    },
    Seq: (_, list) => {
      if (isSeq(list) && list.items.every((item) => isScalar(item) && !String(item.value).includes("\n"))) list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
};

/** Stands before a variable of HSU until all else is written as the text that it is. */
const MARK = "\ue0d5\ue0d6";

/** A variable of the environment that the config is read in. */
export const variable = (name: string, fallback = ""): string => `${MARK}{${name}:-${fallback}}`;

/** The same of one that has to be set. */
export const required = (name: string, why: string): string => `${MARK}{${name}:?${why.replaceAll("}", "")}}`;

/** `${` is a variable to HSU and none to others. */
const written = (text: string): string => text.replaceAll("${", () => "$${").replaceAll(MARK, () => "$");

/** Whether a text begins with one. */
export const isVariable = (text: string): boolean => text.startsWith(MARK);
