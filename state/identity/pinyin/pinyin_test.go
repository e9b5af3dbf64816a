package pinyin_test

import (
	"testing"

	"github.com/keptcrm/kept/state/identity/pinyin"
)

func TestReadings(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"王小明": "wangxiaoming", "绿": "lu", "张a": "zhanga", "": ""} {
		if got := pinyin.Of(in); got != want {
			t.Errorf("Of(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"曾": "zeng", "單": "shan", "區": "ou", "单": "shan", "尉迟": "yuchi", "王": "wang"} {
		if got := pinyin.Surname(in); got != want {
			t.Errorf("Surname(%q) = %q, want %q", in, got, want)
		}
	}
}
