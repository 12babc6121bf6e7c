// node ethers.mjs NODE_MODULES READY_LINE: a balance, a transfer, logs, a refusal.
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { Contract, JsonRpcProvider, Wallet } = require("ethers");
const stand = JSON.parse(process.argv[3]);

const provider = new JsonRpcProvider(stand.url, undefined, { polling: true, pollingInterval: 50 });
const wallet = new Wallet(stand.holder.private_key, provider);
const token = new Contract(
  stand.contracts.bolt,
  [
    "function balanceOf(address) view returns (uint256)",
    "function transfer(address,uint256) returns (bool)",
    "event Transfer(address indexed sender, address indexed receiver, uint256 value)",
  ],
  wallet,
);
const payee = `0x${"0d".repeat(20)}`;
const before = await token.balanceOf(payee);
const receipt = await (await token.transfer(payee, 3_000_000n)).wait();
const after = await token.balanceOf(payee);
const found = await token.queryFilter(token.filters.Transfer(null, payee), 0, "latest");
const block = await provider.getBlock(receipt.blockNumber, true);
if (block.prefetchedTransactions[0].hash !== receipt.hash) throw new Error("another transaction");
const refusal = await token
  .transfer(payee, 1n << 200n)
  .then(() => false, (error) => error.code === "CALL_EXCEPTION");

console.log(JSON.stringify({
  chainId: (await provider.getNetwork()).chainId.toString(),
  moved: (after - before).toString(),
  transfers: found.map((log) => log.args.value.toString()),
  refusal,
}));
process.exit(0);
