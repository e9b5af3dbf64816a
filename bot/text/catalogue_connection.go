package text

// connectionTexts are those of configured connections: what is missing, what they refuse, and what
// their check found.
var connectionTexts = texts{
	"error.no_such_connection": {`There is no connection[ "{ref}"][ "{connection}"][; there are: {connections}]. All connections: {admin} connection list`,
		`没有连接[“{ref}”][“{connection}”][；现有：{connections}]。全部连接：{admin} connection list`},
	"error.no_connections_configured": {`Nothing is connected yet. Begin with: {admin} connection add TYPE NAME. All types: {admin} connection types`,
		`还没有配置任何连接。请先：{admin} connection add 类型 名称。全部类型：{admin} connection types`},
	"error.option_missing": {`{connection} needs {option}[: {help}][. It is found at {where}]. Set it: {admin} connection set {connection} {option}=VALUE`,
		`{connection} 缺少 {option}[：{help}][。位置：{where}]。设置：{admin} connection set {connection} {option}=值`},
	"error.option_unknown": {`{connection} has {option}, which {type} does not know. It knows: {options}. Take it out: {admin} connection set {connection} {option}=`,
		`{connection} 的 {option} 是 {type} 不认识的选项。可用：{options}。去掉它：{admin} connection set {connection} {option}=`},
	"error.option_choice": {`{option} of {connection} cannot be "{value}". One of: {choices}. Set it: {admin} connection set {connection} {option}=VALUE`,
		`{connection} 的 {option} 不能是“{value}”。可选：{choices}。设置：{admin} connection set {connection} {option}=值`},
	"error.secret_unreadable": {`The {option} of {connection} cannot be read where it is kept. Where that is: {admin} connection show {connection}`,
		`无法从保存处读取 {connection} 的 {option}。保存位置：{admin} connection show {connection}`},

	"error.connection_down": {`{connection} cannot be reached or is out of order[: {reason}]. Try again later; if it stays so: {admin} connection check {connection}`,
		`{connection} 无法连接或发生故障[：{reason}]。请稍后再试；如果仍然不行：{admin} connection check {connection}`},
	"error.connection_limited": {`{connection} asks us to wait[ {after}][: {reason}]. Try again then.`,
		`{connection} 要求等待[ {after}][：{reason}]。请到时再试。`},
	"error.connection_auth": {`{connection} does not let us in[: {reason}]. Correct it, then: {admin} connection check {connection}`,
		`{connection} 拒绝登录[：{reason}]。请更正后运行：{admin} connection check {connection}`},
	"error.connection_forbidden": {`{connection} lets us in, but a right is missing[: {reason}]. Give it there, then: {admin} connection check {connection}`,
		`{connection} 可以登录，但缺少权限[：{reason}]。请在对方系统中授权，然后运行：{admin} connection check {connection}`},
	"error.connection_refused": {`{connection} refuses[: {reason}]. Correct it, then: {admin} connection check {connection}`,
		`{connection} 拒绝了请求[：{reason}]。请更正后运行：{admin} connection check {connection}`},
	"error.connection_read_only": {`{connection} is set to {mode}, but {type} can only be read. Set it to pull: {admin} connection set {connection} mode=pull`,
		`{connection} 设为 {mode}，但 {type} 只能读取。请设为 pull：{admin} connection set {connection} mode=pull`},
	"error.connections_fail": {`Not all connections work: {connections}. The others do. See: {admin} connection check`,
		`部分连接有问题：{connections}。其他连接正常。查看：{admin} connection check`},

	"error.no_such_plan": {`There is no plan {plan}. All plans: {admin} sync plans. A new one: {admin} sync --dry-run`,
		`没有计划 {plan}。全部计划：{admin} sync plans。新建：{admin} sync --dry-run`},
}
