package match

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// frequent are names that very many people have, somewhere: that two records share one says little. Before each group stands
// how many bits it says at most; where a name is frequent in one country only, that country counts.
const frequent = `2 nguyen kim
2.8 lee tran 김 이
3.5 li wang zhang 王 李 张 張 le pham park 박 mohammed muhammad mohamed mohammad محمد singh
4 liu chen yang 刘 劉 陈 陳 杨 楊 kumar silva da_silva dos_santos jeong choi huang hoang devi
4.5 zhao zhou wu xu sun ma zhu hu guo he lin gao luo 赵 趙 周 吴 吳 徐 孙 孫 马 馬 朱 胡 郭 何 林 高 罗 黄 黃 garcia santos khan ali ahmed أحمد علي sato suzuki 佐藤 鈴木 ng wong chan tan
5 rodriguez gonzalez fernandez lopez martinez sanchez perez gomez hernandez oliveira souza pereira ferreira costa hansen johansen olsen jensen nielsen andersen
 andersson johansson karlsson ivanov petrov smirnov yilmaz kaya demir maria john mary jose juan ana anna aleksandr elena عمر فاطمة fatima aisha
6.5 smith jones williams brown taylor davies johnson davis miller wilson muller schmidt schneider fischer weber meyer wagner becker schulz hoffmann rossi ferrari
 bernard dubois petit durand de_jong jansen de_vries wei min jing jie tao ming chao 伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超
5.5 martin thomas robert james michael david william richard charles joseph peter paul andreas hans klaus stefan
 christian daniel alexander thomas martina petra sabine monika ursula elizabeth jennifer linda patricia sarah susan jessica anne marie jean pierre philippe mehmet
 mustafa ayse tom jack george harry oliver emily olivia sophie lisa laura julia lukas leon max felix
8 bauer koch richter klein wolf schroder neumann schwarz zimmermann braun kruger hofmann hartmann lange werner krause meier lehmann kohler konig walter maier
 evans thompson white walker robinson wright hall green wood harris clark lewis jackson martin cooper king baker moore hill allen young scott adams campbell
 mitchell anderson roberts turner phillips stewart morris murphy kelly ryan obrien`

var frequentNames = sync.OnceValue(func() map[string]float32 {
	names := map[string]float32{}
	bits := float32(0)
	for word := range strings.FieldsSeq(frequent) {
		if b, err := strconv.ParseFloat(word, 32); err == nil {
			bits = float32(b)
			continue
		}
		w := fold(strings.ReplaceAll(word, "_", " "))
		if old, ok := names[w]; !ok || bits < old {
			names[w] = bits
		}
	}
	return names
})

func log2(x float64) float32 { return float32(math.Log2(x)) }
