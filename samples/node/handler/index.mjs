// Counts hits: gets `event.name`, adds one in the table that `.env` names, returns the count.
import { readFileSync } from "node:fs";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";

const lines = readFileSync(new URL(".env", import.meta.url), "utf8").split("\n");
const entries = lines.filter((line) => line.includes("=") && !line.startsWith("#"));
const env = Object.fromEntries(entries.map((line) => line.split(/=(.*)/, 2)));
const client = new DynamoDBClient();

export async function handler(event) {
  const answer = await client.send(
    new UpdateItemCommand({
      TableName: env.table,
      Key: { name: { S: event.name } },
      UpdateExpression: "ADD #counter :one",
      ExpressionAttributeNames: { "#counter": "counter" },
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "UPDATED_NEW",
    }),
  );
  return Number(answer.Attributes.counter.N);
}
