// node viem.mjs NODE_MODULES READY_LINE: a balance, a permit, logs, a watched event, a refusal.
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const viem = require("viem");
const { privateKeyToAccount } = require("viem/accounts");
const stand = JSON.parse(process.argv[3]);

const abi = viem.parseAbi([
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address,address) view returns (uint256)",
  "function nonces(address) view returns (uint256)",
  "function permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
  "function transfer(address,uint256) returns (bool)",
  "event Approval(address indexed owner, address indexed spender, uint256 value)",
  "event Transfer(address indexed sender, address indexed receiver, uint256 value)",
]);
const chain = viem.defineChain({
  id: stand.chain_id,
  name: "Grid+",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [stand.url] } },
});
const transport = viem.http(stand.url, { batch: true });
const reader = viem.createPublicClient({ chain, transport, pollingInterval: 50 });
const account = privateKeyToAccount(stand.holder.private_key);
const wallet = viem.createWalletClient({ account, chain, transport });
const token = { address: stand.contracts.bolt, abi };
const spender = `0x${"0c".repeat(20)}`;

const chainId = await reader.getChainId();
const balance = await reader.readContract({ ...token, functionName: "balanceOf", args: [account.address] });
const value = 5_000_000n;
const deadline = (await reader.getBlock()).timestamp + 3600n;
const nonce = await reader.readContract({ ...token, functionName: "nonces", args: [account.address] });
const permit = await wallet.signTypedData({
  domain: { name: "BOLT", version: "1", chainId, verifyingContract: stand.contracts.bolt },
  types: {
    Permit: [
      { name: "owner", type: "address" },
      { name: "spender", type: "address" },
      { name: "value", type: "uint256" },
      { name: "nonce", type: "uint256" },
      { name: "deadline", type: "uint256" },
    ],
  },
  primaryType: "Permit",
  message: { owner: account.address, spender, value, nonce, deadline },
});
const { r, s, yParity } = viem.parseSignature(permit);
const sent = await wallet.writeContract({
  ...token,
  functionName: "permit",
  args: [account.address, spender, value, deadline, yParity + 27, r, s],
});
const receipt = await reader.waitForTransactionReceipt({ hash: sent });
const logs = await reader.getLogs({ address: token.address, event: abi[5], blockHash: receipt.blockHash });

const watched = await new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error("no log was seen")), 20_000).unref();
  const stop = reader.watchContractEvent({
    ...token,
    eventName: "Transfer",
    poll: true,
    onError: reject,
    onLogs: (seen) => { stop(); resolve(seen.map((log) => log.args.value.toString())); },
  });
  setTimeout(() => wallet.writeContract({ ...token, functionName: "transfer", args: [spender, 7n] }), 500);
});
const refusal = await reader
  .simulateContract({ ...token, functionName: "transfer", args: [spender, balance * 2n], account })
  .then(() => false, (error) => error instanceof viem.BaseError && /revert/i.test(error.message));

console.log(JSON.stringify({
  chainId,
  balance: balance.toString(),
  allowance: (await reader.readContract({ ...token, functionName: "allowance", args: [account.address, spender] })).toString(),
  approvals: logs.map((log) => log.args.value.toString()),
  watched,
  refusal,
}));
process.exit(0);
