package text

// gateTexts are those of the gate: who may be contacted, and why not.
var gateTexts = texts{
	"evidence.gate_opted_out":     {`said no to {purpose%purpose.}[ by {channel%channel.}][ at {value}][, {since@}][ ({source})][: "{words}"]`, `[{channel%channel.}]拒绝{purpose%purpose.}[（{value}）][，{since@}][（{source}）][：“{words}”]`},
	"evidence.gate_withheld":      {`was asked and did not agree to {purpose%purpose.}[ by {channel%channel.}][ at {value}][, {since@}][ ({source})]`, `询问后未同意[{channel%channel.}]{purpose%purpose.}[（{value}）][，{since@}][（{source}）]`},
	"evidence.gate_undeliverable": {`[{value} ]does not arrive[, since {since@}][ ({source})]`, `[{value} ]无法送达[，自 {since@} 起][（{source}）]`},
}
