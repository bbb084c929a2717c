// Opens docs/seal/vectors/shared by every clause with npm's age-encryption (0.3.1) and one XOR:
//   npm install age-encryption@0.3.1 && node docs/seal/open.mjs docs/seal/vectors/shared
// Made for strangers who trust neither the hall's program nor Python; nothing of the hall needs it.
import fs from "node:fs";
import { Decrypter } from "age-encryption";

const folder = process.argv[2];
const read = (name) => fs.readFileSync(`${folder}/${name}`);
const envelope = JSON.parse(read("envelope.json"));
const policy = JSON.parse(read("policy.json"));
const identity = (name) => read(`${name}.key`).toString().split("\n").find((line) => line.startsWith("AGE-"));
const decrypt = (key, file) => {
  const decrypter = new Decrypter();
  decrypter.addIdentity(key);
  return decrypter.decrypt(file);
};

for (const [clause, members] of policy.clauses.entries()) {
  for (const officer of ["", "-2"]) {
    const secret = new Uint8Array(74);
    for (const member of members) {
      const share = envelope.shares.find((one) => one.clause === clause && one.member === member);
      const key = identity(member === "bidder" ? "share" : member + officer);
      const piece = await decrypt(key, Buffer.from(share.age, "base64"));
      piece.forEach((byte, at) => { secret[at] ^= byte; });
    }
    const plain = await decrypt(Buffer.from(secret).toString(), read("bid.age"));
    if (Buffer.from(plain.slice(0, 8)).toString() !== "THALLBD1") throw new Error(`clause ${clause}`);
    console.log(`clause ${clause}: ${members.join(" + ")} opens it (${officer || "-1"})`);
  }
}
