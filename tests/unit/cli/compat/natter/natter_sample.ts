/** compat.md 1.2, as it stands. */
export const SAMPLE = `{
  "logging": {"level": "info", "log_file": ""},
  "status_report": {"hook": "echo {protocol} {inner_ip}:{inner_port} {outer_ip}:{outer_port}", "status_file": "./natter-status.json"},
  "open_port": {"tcp": ["0.0.0.0:3456"], "udp": []},
  "forward_port": {"tcp": ["192.168.1.100:443"], "udp": ["127.0.0.1:53"]},
  "stun_server": {"tcp": ["stun.nextcloud.com"], "udp": ["stun.miwifi.com"]},
  "keep_alive": "www.qq.com"
}
`;
