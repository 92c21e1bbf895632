/** Texts of `porthole resolve` `porthole connect` `porthole access` `porthole pot`. */
export interface FindTexts {
  /** What `--help` says. */
  readonly help: {
    readonly resolve: string;
    readonly connect: string;
    readonly access: string;
    readonly pot: string;
  };
}

/** English. */
export const findEn: FindTexts = {
  help: {
    resolve: "Print where a name leads now: address and port.",
    connect: "Join stdin and stdout to where a name leads: an ssh ProxyCommand.",
    access: "Be a local port that always leads to where a name leads now.",
    pot: 'Encode, decode or set "port over TXT" records.',
  },
};

/** Simplified Chinese. */
export const findZhCn: FindTexts = {
  help: {
    resolve: "输出一个名称当前指向的地址和端口。",
    connect: "把标准输入输出接到名称当前指向的位置：用作 ssh 的 ProxyCommand。",
    access: "提供一个本地端口，它始终通往名称当前指向的位置。",
    pot: "编码、解码或设置“端口写入 TXT”记录。",
  },
};
