package connectors

import "testing"

func TestCountriesByTheirNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Germany": "DE", "DEUTSCHLAND": "DE", "德国": "DE", " de ": "DE", "Österreich": "AT", "中国": "CN", "中國": "CN", "Việt Nam": "VN", "الكويت": "KW",
		"U.S.A.": "US", "Great Britain": "GB", "UK": "GB", "xx": "XX", "": "", " ": ""} {
		if got, ok := CountryCode(name); !ok || got != want {
			t.Errorf("%q is %q, %v", name, got, ok)
		}
	}
	for _, name := range []string{"Utopia", "D", "49", "ß", "Deutsch land"} {
		if got, ok := CountryCode(name); ok {
			t.Errorf("%q is %q", name, got)
		}
	}
	codes := map[string]bool{}
	for name, code := range countries {
		if codes[code] = true; len(code) != 2 || name == "" {
			t.Errorf("%q is %q", name, code)
		}
		if got, ok := CountryCode(name); !ok || got != code {
			t.Errorf("%q is %q, %v", name, got, ok)
		}
	}
	if len(codes) < 60 {
		t.Errorf("only %d countries", len(codes))
	}
}
