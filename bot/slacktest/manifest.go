package slacktest

import "encoding/json"

// ConfigToken is the configuration token that reads the app's manifest.
const ConfigToken = "xoxe.xoxp-test-config"

// SetManifest is the app's manifest as the workspace has it, JSON.
func (s *Server) SetManifest(m json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manifest = m
}

func (s *Server) manifestExport(a args) (map[string]any, error) {
	if a.text("app_id") != AppID {
		return nil, fails("invalid_app_id")
	}
	return map[string]any{"manifest": s.manifest}, nil
}
